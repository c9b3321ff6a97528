import type { Route } from '../shared/route.ts';
import { typeRoutes } from '../tasks/routes/type-routes.ts';
import { apiKeyInput, apiKeyOutput, createdApiKeyOutput } from './api-keys/api-key.ts';
import { auditEntryOutput, auditParameters } from './audit/read-audit.ts';
import { meOutput } from './me.ts';
import { pageParameters, pageSchema } from './page-schema.ts';
import { peekOutput, peekParameters, redriveInput, redriveOutput } from './system/queue-schemas.ts';
import {
  alertsOutput,
  healthOutput,
  metricsOutput,
  metricsParameters,
  queuesOutput,
} from './system/schemas.ts';
import { createdWebhookOutput, deliveryOutput, webhookInput, webhookOutput } from './webhooks/webhook.ts';

const html = 'text/html; charset=utf-8';

const accountRoutes: Route[] = [
  {
    operation: 'getMe',
    method: 'GET',
    path: '/api/v1/me',
    function: 'platform',
    permission: 'self:read',
    tag: 'platform',
    summary: 'Who the caller is and what it may do',
    responses: { 200: { description: 'The caller', schema: meOutput } },
  },
  {
    operation: 'listApiKeys',
    method: 'GET',
    path: '/api/v1/api-keys',
    function: 'platform',
    permission: 'settings:write',
    tag: 'api-keys',
    summary: 'List the API keys, newest first',
    query: pageParameters,
    responses: { 200: { description: 'A page', schema: pageSchema(apiKeyOutput) } },
  },
  {
    operation: 'createApiKey',
    method: 'POST',
    path: '/api/v1/api-keys',
    function: 'platform',
    permission: 'settings:write',
    tag: 'api-keys',
    summary: 'Make an API key; its secret is in this answer and never again',
    body: apiKeyInput,
    responses: { 201: { description: 'The key', schema: createdApiKeyOutput } },
  },
  {
    operation: 'getApiKey',
    method: 'GET',
    path: '/api/v1/api-keys/{id}',
    function: 'platform',
    permission: 'settings:write',
    tag: 'api-keys',
    summary: 'Get an API key, without its secret',
    responses: { 200: { description: 'The key', schema: apiKeyOutput }, 304: { description: 'Not changed' } },
  },
  {
    operation: 'deleteApiKey',
    method: 'DELETE',
    path: '/api/v1/api-keys/{id}',
    function: 'platform',
    permission: 'settings:write',
    tag: 'api-keys',
    summary: 'Revoke an API key for good; it stops working within 90 seconds',
    responses: { 204: { description: 'Revoked' } },
  },
];

const auditRoutes: Route[] = [
  {
    operation: 'listAudit',
    method: 'GET',
    path: '/api/v1/audit',
    function: 'platform',
    permission: 'settings:write',
    tag: 'platform',
    summary: 'Who did what, newest first: writes of records, settings, and what was done with tasks',
    query: auditParameters,
    responses: { 200: { description: 'A page', schema: pageSchema(auditEntryOutput) } },
  },
];

const webhookRoutes: Route[] = [
  {
    operation: 'listWebhooks',
    method: 'GET',
    path: '/api/v1/webhooks',
    function: 'platform',
    permission: 'settings:write',
    tag: 'webhooks',
    summary: 'List the webhooks, newest first',
    query: pageParameters,
    responses: { 200: { description: 'A page', schema: pageSchema(webhookOutput) } },
  },
  {
    operation: 'createWebhook',
    method: 'POST',
    path: '/api/v1/webhooks',
    function: 'platform',
    permission: 'settings:write',
    tag: 'webhooks',
    summary: 'Make a webhook; the secret that signs its deliveries is in this answer and never again',
    body: webhookInput,
    responses: { 201: { description: 'The webhook', schema: createdWebhookOutput } },
  },
  {
    operation: 'getWebhook',
    method: 'GET',
    path: '/api/v1/webhooks/{id}',
    function: 'platform',
    permission: 'settings:write',
    tag: 'webhooks',
    summary: 'Get a webhook, without its secret',
    responses: {
      200: { description: 'The webhook', schema: webhookOutput },
      304: { description: 'Not changed' },
    },
  },
  {
    operation: 'deleteWebhook',
    method: 'DELETE',
    path: '/api/v1/webhooks/{id}',
    function: 'platform',
    permission: 'settings:write',
    tag: 'webhooks',
    summary: 'Delete a webhook; what is on its way to it is dropped',
    responses: { 204: { description: 'Deleted' } },
  },
  {
    operation: 'listDeliveries',
    method: 'GET',
    path: '/api/v1/webhooks/{id}/deliveries',
    function: 'platform',
    permission: 'settings:write',
    tag: 'webhooks',
    summary: 'What was sent to a webhook in the last 30 days, newest event first',
    query: pageParameters,
    responses: { 200: { description: 'A page', schema: pageSchema(deliveryOutput) } },
  },
];

const systemRoutes: Route[] = [
  {
    operation: 'getHealth',
    method: 'GET',
    path: '/api/system/health',
    function: 'platform',
    permission: 'public',
    tag: 'system',
    summary:
      'Whether the service answers; with the credentials of an owner or admin, whether all of it works',
    responses: {
      200: { description: 'Healthy or degraded', schema: healthOutput },
      503: { description: 'Unhealthy', schema: healthOutput },
    },
  },
  {
    operation: 'getMetrics',
    method: 'GET',
    path: '/api/system/metrics',
    function: 'platform',
    permission: 'system:read',
    tag: 'system',
    summary: 'Requests, errors and latency by route, queues and stream lag',
    query: metricsParameters,
    responses: { 200: { description: 'The metrics', schema: metricsOutput } },
  },
  {
    operation: 'getAlerts',
    method: 'GET',
    path: '/api/system/alerts',
    function: 'platform',
    permission: 'system:read',
    tag: 'system',
    summary: 'Every alarm with its state',
    responses: { 200: { description: 'The alarms, those that fire first', schema: alertsOutput } },
  },
  {
    operation: 'listQueues',
    method: 'GET',
    path: '/api/system/queues',
    function: 'platform',
    permission: 'system:read',
    tag: 'system',
    summary: 'The queues with what waits in them and in their dead-letter queues',
    responses: { 200: { description: 'The queues', schema: queuesOutput } },
  },
  {
    operation: 'peekMessages',
    method: 'GET',
    path: '/api/system/queues/{name}/messages',
    function: 'platform',
    permission: 'system:read',
    tag: 'system',
    summary:
      'Look at the messages of a dead-letter queue, by its name or that of the queue before it; those of other tenants are counted only',
    query: peekParameters,
    responses: { 200: { description: 'The messages, which stay where they are', schema: peekOutput } },
  },
  {
    operation: 'redriveQueue',
    method: 'POST',
    path: '/api/system/queues/{name}/redrive',
    function: 'platform',
    permission: 'system:write',
    tag: 'system',
    summary: 'Move the messages of a dead-letter queue back to the queue that they came from',
    body: redriveInput,
    repeating: 'It moves what is in the dead-letter queue by then; while a move is running it is a conflict.',
    responses: { 202: { description: 'The move has begun', schema: redriveOutput } },
  },
];

const documentRoutes: Route[] = [
  {
    operation: 'getOpenApi',
    method: 'GET',
    path: '/api/openapi.json',
    function: 'platform',
    permission: 'public',
    tag: 'docs',
    summary: 'This document',
    responses: {
      200: { description: 'OpenAPI 3.1', contentType: 'application/json' },
      304: { description: 'Not changed' },
    },
  },
  {
    operation: 'redirectToDocs',
    method: 'GET',
    path: '/api/docs',
    function: 'platform',
    permission: 'public',
    tag: 'docs',
    summary: 'Leads to the documentation',
    responses: { 302: { description: 'To /api/docs/index.html' } },
  },
  {
    operation: 'getDocs',
    method: 'GET',
    path: '/api/docs/{proxy+}',
    function: 'platform',
    permission: 'public',
    tag: 'docs',
    summary: 'Swagger UI, and the list of error codes at /api/docs/errors',
    responses: {
      200: { description: 'A page or a file of it', contentType: html },
      304: { description: 'Not changed' },
    },
  },
];

export const platformRoutes: Route[] = [
  ...accountRoutes,
  ...auditRoutes,
  ...webhookRoutes,
  ...typeRoutes,
  ...systemRoutes,
  ...documentRoutes,
];
