/** The page around Swagger UI: no inline script, so that the content security policy can forbid them all. */
export function swaggerPage(): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tandem API</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<link rel="icon" type="image/png" sizes="32x32" href="/api/docs/favicon-32x32.png">
<link rel="icon" type="image/png" sizes="16x16" href="/api/docs/favicon-16x16.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/swagger-initializer.js"></script>
</body>
</html>
`;
}

/** Starts Swagger UI on our own document; the validator badge would send its address to a stranger. */
export function swaggerInitializer(): string {
  return `window.ui = SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayOperationId: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
});
`;
}
