/**
 * The receivers room: who outside is told what happened, with which secrets, and how far they are. Owns the tables webhook_endpoints,
 * webhook_deliveries, broker_relay, ssf_streams, ssf_subjects and ssf_events. What happened is in the audit; a receiver is a place in it and a wish. It
 * refuses to send anything (events and signals do) and to show a secret twice. Entered by the operator API, which registers, by the events
 * room, which delivers, and by the signals room, in which receivers look after their streams themselves.
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
} from './webhook-progress.ts'
export type { DeliveredOrNot, DueEndpoint, WebhookAttempt } from './webhook-progress.ts'
export { receiversSweeps } from './sweep.ts'
export { receiversAboutToMiss, receiverStatistics } from './statistics.ts'
export type { ReceiverStatistics } from './statistics.ts'
export { askForTest, webhookTestTask } from './webhook-test.ts'
export { signatureHeaders } from './webhook-secret.ts'
export {
  countStreams,
  liveStream,
  moveOn,
  newsMark,
  notePushFailure,
  noteVerification,
  streamLags,
  streamsWithNews,
} from './streams/progress.ts'
export type { DueStream, StreamCount, StreamLag } from './streams/progress.ts'
export { setStatus, setStatusByOperator } from './streams/status.ts'
export {
  authorizationOf,
  createStream,
  deleteStream,
  findStream,
  isHeldBack,
  listStreams,
  lockStream,
  MOST_STREAMS,
  updateStream,
} from './streams/stream.ts'
export type { Stream, StreamDelivery } from './streams/stream.ts'
export { forgetSubject, hasSubjects, isForStream, noteSubject } from './streams/subjects.ts'
export type { PersonIdentifier, StreamSubject } from './streams/subjects.ts'
export {
  addEvents,
  countWaiting,
  dropVerifications,
  MOST_WAITING,
  refuseEvent,
  takeEvents,
  VERIFICATION,
  waitingEvents,
} from './streams/waiting-events.ts'
export type { NewEvent, WaitingEvent } from './streams/waiting-events.ts'
