import type { Context } from 'koa'
import { record } from '../audit/index.ts'
import { csrfToken, field } from '../http/index.ts'
import { text } from '../language/index.ts'
import {
  browserForEmail,
  checkMailCode,
  findUserByEmail,
  issueMailTicket,
  knowBrowser,
  mailAddressCounters,
  mailFormCounters,
  normaliseEmail,
  reserveAttempt,
  spendMailTicketByCode,
  tellUser,
} from '../users/index.ts'
import { browserTokenOf, rememberBrowser } from '../oidc/index.ts'
import { askerView } from './client-view.ts'
import type { InteractionDeps } from './deps.ts'
import { ipOf } from './finish.ts'
import { toDispatcher } from './handler.ts'
import type { Handler } from './handler.ts'
import { keepProgress } from './keep-proof.ts'
import { allowFormsTo } from './page.ts'
import type { SignIn } from './sign-in.ts'
import { markFailure, showStep } from './show-step.ts'
import type { Failure } from './show-step.ts'
import { throttledFor } from './wait-words.ts'

/**
 * The way out of a wait: a code by mail that makes this browser known, so that it has attempts of its own again. It proves nothing else;
 * password and second factor are asked as ever. What is seen and what is done is the same for an address that nobody has (TH-04).
 */
export const requestUnlock: Handler = async (deps, ctx, signIn, body) => {
  const typed = field(body, 'email') ?? ''
  const email = normaliseEmail(typed)
  if (!deps.canChallenge || email === null)
    return showStep(deps, ctx, signIn, { error: text('signin:login.wrong'), email: typed })
  const { database, sealer, keys } = deps
  const ip = ipOf(ctx)
  const browser = await browserForEmail(database.prisma, { email, token: browserTokenOf(ctx) })
  const counters = [
    ...mailFormCounters({ ip, browser }),
    ...mailAddressCounters({ email, ip, browser, purpose: 'unlock' }),
  ]
  const reserved = await reserveAttempt(database.prisma, counters, new Date())
  if (!reserved.ok) {
    const { retryAfter } = reserved
    return showStep(deps, ctx, signIn, { problem: throttledFor(retryAfter), retryAfter, email })
  }
  await database.transaction(async (tx) => {
    const found = await findUserByEmail(tx, email)
    const user = found?.disabledAt === null ? found : null
    const { id } = await issueMailTicket(
      { tx, sealer, keys },
      {
        purpose: 'unlock',
        email,
        userId: user?.id,
        dead: user === null,
        mail: (secrets) =>
          user
            ? {
                to: email,
                language: user.locale,
                userId: user.id,
                expiresInSeconds: 60 * secrets.minutes,
                fromKnownBrowser: browser !== null,
                template: 'unlock',
                data: secrets,
              }
            : { to: email, language: ctx.state.language, template: 'no-account', data: {} },
      },
    )
    await keepProgress(deps, tx, signIn, { ...signIn.progress, unlock: { id, email } })
  })
  ctx.status = 303
  ctx.redirect(`/interaction/${signIn.interaction.uid}/unlock`)
}

/** The code from the mail. */
export const unlock: Handler = async (deps, ctx, signIn, body) => {
  const { unlock: asked, ...progress } = signIn.progress
  if (!asked) {
    toDispatcher(ctx, signIn.interaction.uid)
    return
  }
  const { database, sealer, keys } = deps
  const from = { ip: ipOf(ctx), browserToken: browserTokenOf(ctx) }
  const attempt = { ...asked, ...from, purpose: 'unlock' as const, code: field(body, 'code') ?? '' }
  const verdict = await checkMailCode({ database, keys }, attempt)
  if (!verdict.ok && verdict.reason === 'throttled') {
    const { retryAfter } = verdict
    showUnlock(deps, ctx, signIn, { problem: throttledFor(retryAfter), retryAfter })
    return
  }
  const browser = verdict.ok
    ? await database.transaction(async (tx) => {
        const spent = await spendMailTicketByCode({ tx, sealer }, verdict.ticket)
        if (spent?.userId == null) return null
        const { userId } = spent
        const [ip, userAgent] = [ipOf(ctx), ctx.get('User-Agent')]
        const known = await knowBrowser(tx, {
          userId,
          token: browserTokenOf(ctx),
          userAgent,
          ip,
          byMail: true,
        })
        await record(tx, { type: 'sign_in.unlocked', userId, ip })
        await tellUser({ tx, sealer }, { userId, what: 'sign_in_unlocked', ip, userAgent })
        await keepProgress(deps, tx, signIn, progress)
        return known
      })
    : null
  if (!browser) {
    showUnlock(deps, ctx, signIn, { error: text('signin:unlock.wrong') })
    return
  }
  rememberBrowser(ctx, browser.token)
  toDispatcher(ctx, signIn.interaction.uid)
}

/** The page on which the code is entered. */
export function showUnlock(
  deps: InteractionDeps,
  ctx: Context,
  { interaction, client, progress }: SignIn,
  failure: Failure = {},
): void {
  const at = `/interaction/${interaction.uid}`
  if (!progress.unlock) return toDispatcher(ctx, interaction.uid)
  markFailure(ctx, failure)
  allowFormsTo(ctx, String(interaction.params['redirect_uri']))
  ctx.state.here = `${at}/unlock`
  ctx.type = 'html'
  ctx.body = deps.render(ctx, 'unlock', {
    csrf: csrfToken(deps.keys, interaction.uid),
    client: askerView(client),
    action: `${at}/unlock`,
    abortAction: `${at}/abort`,
    signInAction: at,
    email: progress.unlock.email,
    error: failure.error,
    problem: failure.problem,
  })
}
