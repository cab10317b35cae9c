import type { Middleware } from 'koa'
import mount from 'koa-mount'
import type { Provider } from 'oidc-provider'
import type { ClientThrottle } from './client-throttle.ts'
import { tellFailures } from './failures.ts'
import type { EngineOptions } from './options.ts'
import { createProvider } from './provider.ts'
import { answerStructuredTokens } from './structured-token.ts'

/** The engine with one set of signing keys, which it cannot change: other keys are another engine. It holds nothing between requests. */
export type Engine = { provider: Provider; middleware: Middleware }

export function createEngine(options: EngineOptions, throttle: Pick<ClientThrottle, 'check'>): Engine {
  const provider = createProvider(options, throttle)
  const endpoints = mount(provider) as Middleware
  const structured = answerStructuredTokens(options)
  const failures = tellFailures(provider, options.onFailure)
  return {
    provider,
    middleware: async (ctx, next) => {
      await failures(ctx, () => structured(ctx, () => endpoints(ctx, next) as Promise<void>) as Promise<void>)
    },
  }
}
