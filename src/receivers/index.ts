/**
 * The receivers room: who outside is told what happened, with which secrets, and how far they are. Owns the tables webhook_endpoints,
 * webhook_deliveries and broker_relay. What happened is in the audit; a receiver is a place in it and a wish. It refuses to send anything (events does) and
 * to show a secret twice. Entered by the operator API, which registers, and by the events room, which delivers.
 */
export { advanceRelay, dueRelay, noteRelayFailure, openRelay, relayHasNews } from './broker-relay.ts'
export { isTypePattern, wants } from './event-types.ts'
export {
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  findWebhookEndpoint,
  listWebhookEndpoints,
  MOST_OVERLAP_SECONDS,
  rotateWebhookSecret,
  secretsOf,
  updateWebhookEndpoint,
} from './webhook-endpoints.ts'
export type { WebhookEndpoint, WebhookPatch } from './webhook-endpoints.ts'
export {
  advance,
  dueEndpoint,
  endpointsWithNews,
  listDeliveries,
  noteAttempt,
  noteFailure,
  sweepDeliveries,
} from './webhook-progress.ts'
export type { DueEndpoint, WebhookAttempt } from './webhook-progress.ts'
export { signatureHeaders } from './webhook-secret.ts'
