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
  lockWebhookEndpoint,
  MOST_OVERLAP_SECONDS,
  placeNow,
  rotateWebhookSecret,
  secretsOf,
  updateWebhookEndpoint,
} from './webhook-endpoints.ts'
export type { WebhookEndpoint, WebhookPatch } from './webhook-endpoints.ts'
export {
  advance,
  dueEndpoint,
  endpointsWithNews,
  findReceiver,
  listDeliveries,
  noteAttempt,
  noteFailure,
  noteSuccess,
  sweepDeliveries,
} from './webhook-progress.ts'
export type { DeliveredOrNot, DueEndpoint, WebhookAttempt } from './webhook-progress.ts'
export { receiverStatistics } from './statistics.ts'
export type { ReceiverStatistics } from './statistics.ts'
export { askForTest, webhookTestTask } from './webhook-test.ts'
export { signatureHeaders } from './webhook-secret.ts'
