import type { App, Code } from './browser.ts'
import type { Ask, Observer, Reply } from './observer.ts'

/** What one sign-in's tokens have come to, as the app was told. */
export type Family = {
  app: App
  accessToken: string
  refreshToken: string
  /** The app was told that they are revoked. */
  revoked: boolean
}

type Tokens = { access_token: string; refresh_token: string }

/** A retry later than this is no retry any more but a replay (CARDEA_REFRESH_RETRY_WINDOW, and some margin). */
const RETRY_MS = 50_000

/** An app that does everything right, and believes what it is told: whatever it is told must then be true. */
export function createApp(observer: Observer, issuer: string) {
  const violate = (what: string) => void observer.violations.push(what)

  function asked(app: App, form: Record<string, string>): Ask {
    if (app.secret === null) return { form: { ...form, client_id: app.id } }
    const pair = Buffer.from(`${app.id}:${app.secret}`).toString('base64')
    return { form, headers: { authorization: `Basic ${pair}` } }
  }

  /** Redeems a code; `twice` in one moment. Null when it cannot be known what came of it. */
  async function redeem(app: App, { code, verifier }: Code, twice: boolean): Promise<Family | null> {
    const form = {
      ...{ grant_type: 'authorization_code', code, code_verifier: verifier },
      redirect_uri: app.redirectUri,
    }
    if (twice) {
      const send = () => observer.ask('code', `${issuer}/token`, asked(app, form))
      const replies = await Promise.all([send(), send()])
      if (replies.filter((reply) => reply?.status === 200).length > 1) violate('a code was redeemed twice')
      // A code that came twice ends what came of it.
      return null
    }
    const { reply, tries } = await observer.insist('code', `${issuer}/token`, asked(app, form))
    if (reply.status === 200) return familyOf(app, reply)
    if (tries === 1) violate(`a fresh code was refused: ${reply.status} ${reply.text}`)
    return null
  }

  /** Rotates the refresh token, at times sending it twice in one moment; false when the app has to begin anew. */
  async function refresh(family: Family, twice: boolean): Promise<boolean> {
    const form = { grant_type: 'refresh_token', refresh_token: family.refreshToken }
    const send = () => observer.insist('refresh', `${issuer}/token`, asked(family.app, form))
    const sent = await Promise.all(twice ? [send(), send()] : [send()])
    const successors = new Set<string>()
    for (const { reply, ms } of sent) {
      if (reply.status === 200) {
        const { access_token, refresh_token } = JSON.parse(reply.text) as Tokens
        if (family.revoked) violate('a revoked family was refreshed')
        successors.add(refresh_token)
        family.accessToken = access_token
        family.refreshToken = refresh_token
      } else if (!family.revoked) {
        if (ms < RETRY_MS) violate(`a living refresh token was refused: ${reply.status} ${reply.text}`)
        return false
      }
    }
    if (successors.size > 1) violate('a refresh token has two successors')
    return true
  }

  /** Uses the access token: introspection where the app has a secret, else userinfo. */
  async function use(family: Family): Promise<void> {
    const { app, accessToken } = family
    const isActive =
      app.secret === null
        ? await observer
            .insist('userinfo', `${issuer}/userinfo`, { headers: { authorization: `Bearer ${accessToken}` } })
            .then(({ reply }) => reply.status === 200)
        : await observer
            .insist('introspection', `${issuer}/introspect`, asked(app, { token: accessToken }))
            .then(({ reply }) => (JSON.parse(reply.text) as { active: boolean }).active)
    if (isActive && family.revoked) violate('a token works after its acknowledged revocation')
    if (!isActive && !family.revoked) violate('an acknowledged token does not work')
  }

  async function revoke(family: Family): Promise<void> {
    const form = { token: family.refreshToken }
    const { reply } = await observer.insist('revocation', `${issuer}/revoke`, asked(family.app, form))
    if (reply.status === 200) family.revoked = true
    else violate(`a revocation was refused: ${reply.status} ${reply.text}`)
  }

  return { redeem, refresh, use, revoke }
}

function familyOf(app: App, reply: Reply): Family {
  const { access_token: accessToken, refresh_token: refreshToken } = JSON.parse(reply.text) as Tokens
  return { app, accessToken, refreshToken, revoked: false }
}
