import { decodeJwt } from 'jose'
import { interactionPolicy } from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { acrFactors } from '../config/index.ts'
import { unitOfWork } from './store/unit-of-work.ts'
import { acrRequestOf, decideAcr } from './acr.ts'
import type { AcrDemand, Reach } from './acr.ts'
import { proofsOf } from './session-factors.ts'

export type LoginPolicy = {
  totp: 'optional' | 'required'
  acr: AcrDemand['table']
  sessionAbsoluteSeconds: number
  /** What a user can prove, and could set up. */
  reachOf(userId: string): Promise<Reach>
}

const { Check, Prompt, base } = interactionPolicy

/**
 * When the engine must send someone to the hosted pages: its own checks, and ours for what it leaves open.
 */
export function createInteractionPolicy(policy: LoginPolicy): interactionPolicy.DefaultPolicy {
  const prompts = base()
  const login = prompts.get('login')
  const consent = prompts.get('consent')
  if (!login || !consent) throw new Error('the engine no longer has the prompts login and consent')
  prompts.add(new Prompt({ name: 'select_account', requestable: true }), 0)
  // Initiating User Registration via OpenID Connect 1.0: the app asks for a new account.
  prompts.add(new Prompt({ name: 'create', requestable: true }), 0)

  login.checks.add(
    // Without it a session of a disabled user reaches the consent prompt and fails there with a TypeError.
    new Check('account_gone', 'the signed-in account is not available', 'login_required', ({ oidc }) =>
      Boolean(oidc.session?.accountId && !oidc.account),
    ),
  )
  login.checks.add(
    new Check('session_too_old', 'the session has reached its absolute end', 'login_required', ({ oidc }) =>
      Boolean(
        oidc.session?.accountId && !oidc.result?.login && oidc.session.past(policy.sessionAbsoluteSeconds),
      ),
    ),
  )
  // The engine looks at the hint only while the request begins. Whoever signs in then must still be the one it names.
  login.checks.remove('id_token_hint')
  login.checks.add(
    new Check(
      'id_token_hint',
      'the End-User signed in is not the one of the id_token_hint',
      'login_required',
      ({ oidc }) => {
        const hint = oidc.params?.['id_token_hint']
        // Verified before anything was asked or stored; here only its subject is read.
        return typeof hint === 'string' && decodeJwt(hint).sub !== oidc.session?.accountId
      },
    ),
  )
  login.checks.add(
    new Check(
      'access_ended',
      'the access of this client was ended after the End-User had signed in',
      'login_required',
      (ctx) => {
        const { session, result } = ctx.oidc
        const after = unitOfWork(ctx)?.signInAfter
        if (!session?.accountId || result?.login || !after) return false
        return (session.loginTs ?? 0) * 1000 <= after.getTime()
      },
    ),
  )
  login.checks.add(
    new Check('step_up', 'a stronger sign-in is required', 'login_required', (ctx) => needsMore(policy, ctx)),
  )

  // A native client cannot prove who it is, so its users are asked each time (RFC 8252 section 8.6), unless it is ours. For a device
  // always: it may be in somebody else's hands, whatever its app (RFC 8628 section 5.4).
  consent.checks.remove('native_client_prompt')
  consent.checks.add(
    new Check(
      'native_client_prompt',
      'native clients require End-User interaction',
      'interaction_required',
      (ctx) => {
        const { client, result } = ctx.oidc
        const isNative = client?.applicationType === 'native' && !isFirstParty(ctx)
        return (isNative || isForDevice(ctx)) && !result?.consent
      },
    ),
  )
  return prompts
}

async function needsMore(policy: LoginPolicy, ctx: KoaContextWithOIDC): Promise<boolean> {
  const { session, params } = ctx.oidc
  if (!session?.accountId) return false
  const demand: AcrDemand = {
    table: policy.acr,
    policy: policy.totp,
    request: acrRequestOf(params ?? {}),
  }
  const isMet = (reach: Reach) => decideAcr(demand, { ...proofsOf(ctx), reach }).kind === 'met'
  // Met by somebody who could reach everything, it is met by anybody: most requests need no look at the user's factors.
  return !isMet(everything) && !isMet(await policy.reachOf(session.accountId))
}

const everything: Reach = { has: new Set(acrFactors), canEnrol: new Set() }

/** Is it a device that will get what is being decided here? */
export function isForDevice({ oidc }: KoaContextWithOIDC): boolean {
  return oidc.entities.DeviceCode !== undefined
}

/**
 * Is it one of our own apps, whose users are not asked? Never one that cannot prove who it is and is answered on the person's own
 * machine: whoever runs something there could say that they are it (RFC 8252 section 8.6).
 */
export function isFirstParty({ oidc }: KoaContextWithOIDC): boolean {
  const { client } = oidc
  if (client?.applicationType === 'native' && client.clientAuthMethod === 'none') return false
  return client?.['first_party'] === true
}
