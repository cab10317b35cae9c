/**
 * Koa middleware and a listener that know HTTP and nothing of users, clients or tokens. What may be believed of a request,
 * what every answer carries, how errors, limits and stopping look, is decided here once.
 * It refuses to believe headers anyone can write, and to repeat what a request said. app.ts and floors 3 and 4 enter.
 * Order: requestContext, traceRequests, metrics.observeRequests, securityHeaders, chooseLanguage, errorHandler, healthRoutes, hostGuard, malformedGuard,
 * serveAssets, allowMethods, onlyRoutes, requestDeadline, rateLimit; on our own routes then csrfGuard, formBody, the handler.
 */
export { allowMethods } from './allow-methods.ts'
export { type Assets, createAssets } from './assets.ts'
export { chooseLanguage, freshChoice, rememberLanguage, speak } from './choose-language.ts'
export type { AppView, DeviceView, EventView, FactorView, ReceiptView, SelfFrame } from './account-views.ts'
export { addressBlock } from './client-address.ts'
export { formActionSource, pagePolicy } from './content-security-policy.ts'
export { crowdGate } from './crowd-gate.ts'
export { checkCsrf, csrfGuard, csrfToken } from './csrf.ts'
export { errorHandler, logFailure, type ErrorPage } from './error-handler.ts'
export { formBody } from './form-body.ts'
export { guardedGet } from './guarded-get.ts'
export { healthRoutes } from './health-routes.ts'
export { hostGuard } from './host-guard.ts'
export { HttpProblem } from './http-problem.ts'
export { languageRoute } from './language-route.ts'
export { listen, ListenError, type Listener } from './listen.ts'
export { malformedGuard } from './malformed-guard.ts'
export { addDeparted, createMetrics, metricsRoute } from './metrics.ts'
export type { Counted } from './metrics.ts'
export { onlyRoutes } from './only-routes.ts'
export { opsHostGuard } from './ops-host-guard.ts'
export { createOutboundGuard, OutboundBlocked } from './outbound-guard.ts'
export type { OutboundGuard } from './outbound-guard.ts'
export { ownCookie } from './own-cookie.ts'
export type { OwnCookie } from './own-cookie.ts'
export { failureWord, post, postForm } from './post.ts'
export type { Posted } from './post.ts'
export { rateLimit } from './rate-limit.ts'
export { readBytes } from './read-bytes.ts'
export {
  changesSince,
  copyView,
  namesIn as viewsIn,
  type Override,
  overlay as overlayViews,
  readOverrides,
  ViewError,
} from './view-overrides.ts'
export { createRenderer, type Render } from './render.ts'
export { requestContext } from './request-context.ts'
export { requestDeadline } from './request-deadline.ts'
export { type HeaderProfile, securityHeaders } from './security-headers.ts'
export { serveAssets } from './serve-assets.ts'
export { takeTurns } from './take-turns.ts'
export { traceRequests } from './trace-requests.ts'
export { hasLoneSurrogate, hasNul } from './unsafe-text.ts'
export { field, fields, type Form } from './urlencoded.ts'
export type {
  ApiDocument,
  ApiField,
  ClientView,
  PasskeyForm,
  ScopeSection,
  ScopeView,
  Views,
} from './views.ts'
