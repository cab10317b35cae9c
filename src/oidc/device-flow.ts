import type { Context, Middleware } from 'koa'
import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider'
import { TooManyGuesses } from './device-guesses.ts'
import type { DeviceCodeTrouble, EnginePages } from './options.ts'
import { shown, xsrfOf } from './shown-page.ts'

const DEVICE = '/device'

// Eight letters of twenty: no vowels, so that no words come up, and nothing that looks like something else.
const MASK = '****-****'

/** The engine's words for a code that cannot be gone on with; it does not export their classes. */
const troubles: Record<string, DeviceCodeTrouble> = {
  NoCodeError: 'missing',
  NotFoundError: 'unknown',
  ExpiredError: 'expired',
  AlreadyUsedError: 'answered',
}

/**
 * The device authorization grant (RFC 8628) for the engine: the codes and the pages. A person enters the code their device shows, is
 * asked whether it is theirs, and then signs in and consents as in any browser.
 */
export function createDeviceFlow(pages: EnginePages) {
  return {
    enabled: true,
    charset: 'base-20' as const,
    mask: MASK,
    // Nothing about the device is kept that a person could not check anyway.
    deviceInfo: () => ({}),
    userCodeInputSource: (ctx: KoaContextWithOIDC, _form: string, out?: ErrorOut, error?: Error) =>
      shown(showInput(pages, ctx, out, error)),
    /** The question has an address of its own, which Back and Reload lead to: that of `verification_uri_complete`. */
    userCodeConfirmSource(
      ctx: KoaContextWithOIDC,
      _form: string,
      _client: unknown,
      _deviceInfo: unknown,
      userCode: string,
    ) {
      ctx.status = 303
      ctx.redirect(`${DEVICE}?user_code=${userCode}`)
    },
    successSource: (ctx: KoaContextWithOIDC) => shown(pages.deviceAnswered(ctx, { allowed: true })),
  }
}

async function showInput(
  pages: EnginePages,
  ctx: KoaContextWithOIDC,
  out: ErrorOut | undefined,
  error: Error | undefined,
): Promise<void> {
  if (error === undefined) {
    const asked = (ctx.state as { userCode?: string }).userCode
    if (asked === undefined) return pages.deviceCode(ctx, formOf(ctx))
    return showAsked(pages, ctx, asked)
  }
  if (error.name === 'AbortedError') return pages.deviceAnswered(ctx, { allowed: false })
  const userCode = (error as { userCode?: string }).userCode ?? (ctx.state as { userCode?: string }).userCode
  const trouble = troubles[error.name]
  if (trouble !== undefined) return pages.deviceCode(ctx, { ...formOf(ctx), userCode, trouble })
  if (error instanceof TooManyGuesses)
    return pages.deviceCode(ctx, {
      ...formOf(ctx),
      ...{ userCode, trouble: 'throttled', retryAfter: error.retryAfter },
    })
  // The engine has given the session a new token for a form that is not shown; a session that was never kept it could not even save.
  const session = ctx.oidc.session as { exp?: number; touched?: boolean } | undefined
  if (session && session.exp === undefined) session.touched = false
  if (out?.error === 'invalid_request' && ctx.status === 400) return pages.deviceLost(ctx)
  await pages.engineError(ctx, out ?? { error: 'server_error' }, error)
}

/**
 * Is it yours? Whoever comes by `verification_uri_complete` has not typed the code, so the page shows it and asks whether it is the one
 * on their device (section 3.3.1, section 5.4). It is looked up at once, and counted as a guess like any other.
 */
async function showAsked(pages: EnginePages, ctx: KoaContextWithOIDC, asked: string): Promise<void> {
  const { DeviceCode, Client } = ctx.oidc.provider
  const normalised = asked.toUpperCase().replaceAll(/\W/g, '')
  const code = await DeviceCode.findByUserCode(normalised, { ignoreExpiration: true })
  const client = code?.clientId === undefined ? undefined : await Client.find(code.clientId)
  const trouble = troubleWith(code, client !== undefined)
  if (trouble || !client) {
    await pages.deviceCode(ctx, { ...formOf(ctx), userCode: asked, trouble: trouble ?? 'unknown' })
    return
  }
  const userCode = `${normalised.slice(0, 4)}-${normalised.slice(4)}`
  await pages.deviceConfirm(ctx, { ...formOf(ctx), userCode, clientId: client.clientId })
}

type Code = { isExpired: boolean; error?: string | undefined; accountId?: string | undefined }

function troubleWith(code: Code | undefined, hasClient: boolean): DeviceCodeTrouble | undefined {
  if (!code || !hasClient) return 'unknown'
  if (code.isExpired) return 'expired'
  return (code.error ?? code.accountId) === undefined ? undefined : 'answered'
}

function formOf(ctx: KoaContextWithOIDC): { action: string; xsrf: string } {
  return { action: DEVICE, xsrf: xsrfOf(ctx) }
}

/**
 * Takes the code out of the address before the engine sees it: the engine would answer with a page that sends itself off by script,
 * and we have none. What is sent twice is not taken for anything.
 */
export function askedUserCode(): Middleware {
  return async function askedUserCode(ctx: Context, next) {
    if (ctx.path === DEVICE && ctx.method !== 'POST') {
      const { user_code: userCode } = ctx.query
      ctx.querystring = ''
      if (typeof userCode === 'string' && userCode !== '') ctx.state.userCode = userCode
    }
    await next()
  }
}

declare module 'koa' {
  interface DefaultState {
    /** The user code in the address that a person came by (RFC 8628 section 3.3.1). */
    userCode?: string | undefined
  }
}
