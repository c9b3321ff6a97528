/**
 * Stands in for the SDK's endpoint discovery in the bundles (9 KB with its cache): no DynamoDB command
 * that the functions use adds its middleware, the client only passes its configuration through here.
 */
export function resolveEndpointDiscoveryConfig<Config>(config: Config): Config {
  return config;
}

export const NODE_ENDPOINT_DISCOVERY_CONFIG_OPTIONS = {
  environmentVariableSelector: () => false,
  configFileSelector: () => false,
  default: false,
};
