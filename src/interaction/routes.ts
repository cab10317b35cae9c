import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import { addressBlock, checkCsrf, field, formBody } from '../http/index.ts'
import type { Form } from '../http/index.ts'
import { text } from '../language/index.ts'
import type { Text } from '../language/index.ts'
import type { InteractionDeps } from './deps.ts'
import { consent } from './consent.ts'
import { deny } from './finish.ts'
import { toDispatcher } from './handler.ts'
import type { Handler } from './handler.ts'
import { MovedOn, SignInGone } from './keep-proof.ts'
import { login } from './login.ts'
import { passkey } from './passkey.ts'
import { passkeyEnrol } from './passkey-enrol.ts'
import { passkeyOffer } from './passkey-offer.ts'
import { recoveryCode } from './recovery-code.ts'
import { recoveryCodes } from './recovery-codes.ts'
import { selectAccount } from './select-account.ts'
import { totp } from './totp.ts'
import { totpEnrol } from './totp-enrol.ts'
import type { Step } from './login-steps.ts'
import { showRecoveryCode, showStep } from './show-step.ts'
import { requestUnlock, showUnlock, unlock } from './unlock.ts'
import { loadSignIn, showDeadEnd } from './sign-in.ts'
import { startAgain } from './start-again.ts'

/** Each form and the step it answers; sent at any other moment it does nothing, and the page that is due is shown (SE-05). */
const forms: Record<
  string,
  {
    step: Extract<Step, string> | Extract<Step, string>[] | 'any'
    handle: Handler
    /** A step that another window may have led to meanwhile, and what its page then says. */
    overtaken?: { by: Extract<Step, string>; problem: Text }
  }
> = {
  login: { step: 'login', handle: login },
  'unlock-request': { step: 'login', handle: requestUnlock },
  unlock: { step: 'login', handle: unlock },
  totp: { step: 'totp', handle: totp },
  passkey: { step: ['login', 'totp', 'passkey'], handle: passkey },
  'recovery-code': { step: ['totp', 'passkey', 'recovery-code'], handle: recoveryCode },
  'totp-enrol': {
    step: 'totp-enrol',
    handle: totpEnrol,
    overtaken: { by: 'totp', problem: text('signin:enrol.elsewhere') },
  },
  'passkey-enrol': { step: ['totp-enrol', 'passkey-enrol', 'passkey-offer'], handle: passkeyEnrol },
  'passkey-offer': { step: 'passkey-offer', handle: passkeyOffer },
  'recovery-codes': { step: 'recovery-codes', handle: recoveryCodes },
  'select-account': { step: 'select-account', handle: selectAccount },
  consent: { step: 'consent', handle: consent },
  abort: { step: 'any', handle: deny },
}

/** The hosted sign-in. Every address is below `/interaction/:uid`, because that is where the engine's cookie is sent. */
export function createInteractionRoutes(deps: InteractionDeps): Middleware {
  const router = new Router({ prefix: '/interaction/:uid' })
  router.get('/', async (ctx) => {
    const signIn = await loadSignIn(deps, ctx, uidOf(ctx))
    if (signIn) await followed(deps, ctx, showStep(deps, ctx, signIn))
  })
  router.get('/start-again', async (ctx) => {
    const signIn = await loadSignIn(deps, ctx, uidOf(ctx))
    if (signIn) startAgain(ctx, signIn)
  })
  router.get('/recovery-code', async (ctx) => {
    const signIn = await loadSignIn(deps, ctx, uidOf(ctx))
    if (!signIn) return
    if (isAt(signIn.step, ['totp', 'passkey'])) showRecoveryCode(deps, ctx, signIn)
    else toDispatcher(ctx, uidOf(ctx))
  })
  router.get('/unlock', async (ctx) => {
    const signIn = await loadSignIn(deps, ctx, uidOf(ctx))
    if (!signIn) return
    if (signIn.step === 'login') showUnlock(deps, ctx, signIn)
    else toDispatcher(ctx, uidOf(ctx))
  })
  for (const [name, form] of Object.entries(forms))
    router.post(`/${name}`, formBody({ repeatable: ['scope', 'resource_scope'] }), async (ctx) => {
      const body = ctx.request.body as Form
      checkCsrf(ctx, deps.keys, uidOf(ctx), field(body, 'csrf'))
      const answer = async (): Promise<void> => {
        // Whoever waited so long that they were told to come again, or left, has not tried anything.
        if (ctx.state.deadline?.aborted === true || ctx.req.socket.destroyed) return
        const signIn = await loadSignIn(deps, ctx, uidOf(ctx))
        if (!signIn) return
        if (form.step === 'any' || isAt(signIn.step, form.step))
          await followed(deps, ctx, form.handle(deps, ctx, signIn, body))
        else if (form.overtaken?.by === signIn.step && signIn.progress.enrolling !== undefined)
          await showStep(deps, ctx, signIn, { problem: form.overtaken.problem })
        else toDispatcher(ctx, uidOf(ctx))
      }
      // More passwords than can be checked are refused before they have cost the database anything.
      await (name === 'login' ? deps.hasher.admit(answer, addressBlock(ctx.state.ip)) : answer())
    })
  return router.routes() as unknown as Middleware
}

/** Where a step was undone: on to what another request of the same sign-in has made of it, or to the page that says it is over. */
async function followed(deps: InteractionDeps, ctx: Context, step: Promise<void>): Promise<void> {
  await step.catch(async (error: unknown) => {
    if (error instanceof MovedOn) toDispatcher(ctx, uidOf(ctx))
    else if (error instanceof SignInGone) await showDeadEnd(deps, ctx, 'expired')
    else throw error
  })
}

function isAt(step: Step, of: string | readonly string[]): boolean {
  return typeof step === 'string' && [of].flat().includes(step)
}

function uidOf(ctx: Context): string {
  return String((ctx['params'] as Record<string, string>)['uid'])
}
