import type { Middleware } from 'koa'

/** Looks whether one thing is well: resolves if so, rejects if not. */
type HealthCheck = () => Promise<unknown>

/**
 * Answers GET /health/live (the process runs: always 200, touches nothing) and GET /health/ready (200 when every check
 * passes, else 503), each check with its own state and nothing about why. A check that takes longer than `timeoutMs`
 * counts as failed, and is not started again while it still hangs. Stands before `hostGuard`: probes call by address.
 */
export function healthRoutes({
  ready,
  timeoutMs = 1000,
}: {
  ready: Readonly<Record<string, HealthCheck>>
  timeoutMs?: number
}): Middleware {
  const checks = Object.entries(ready).map(([name, check]) => [name, oneAtATime(check)] as const)

  return async function healthRoutes(ctx, next) {
    const path = ctx.method === 'GET' || ctx.method === 'HEAD' ? ctx.path : ''
    if (path === '/health/live') {
      ctx.body = { status: 'ok' }
    } else if (path === '/health/ready') {
      const states = await Promise.all(
        checks.map(
          async ([name, check]) => [name, (await passes(check(), timeoutMs)) ? 'ok' : 'failed'] as const,
        ),
      )
      const ok = states.every(([, state]) => state === 'ok')
      ctx.status = ok ? 200 : 503
      if (!ok) ctx.set('Retry-After', '2')
      ctx.body = { status: ok ? 'ok' : 'unavailable', checks: Object.fromEntries(states) }
    } else {
      await next()
      return
    }
    ctx.set('Cache-Control', 'no-store')
  }
}

function oneAtATime(check: HealthCheck): HealthCheck {
  let running: Promise<unknown> | undefined
  return () => {
    running ??= (async () => check())().finally(() => {
      running = undefined
    })
    return running
  }
}

async function passes(check: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs)
  })
  const done = check.then(
    () => true,
    () => false,
  )
  return Promise.race([done, late]).finally(() => clearTimeout(timer))
}
