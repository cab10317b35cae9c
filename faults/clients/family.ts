import { basic, bearer } from '../../test/support/http-client.ts'
import type { Answer } from '../../test/support/http-client.ts'
import { redeem, refresh } from '../../test/support/sign-in.ts'
import type { Tokens } from '../../test/support/sign-in.ts'
import type { Issued, RequestEntry, Thing } from '../journal.ts'
import type { Code } from './browser.ts'
import type { App } from './cast.ts'
import { nameOf } from './recorder.ts'
import type { Asked, Recorder } from './recorder.ts'

type Held = { secret: string; thing: Thing }

/** What a client has got for one code: its newest refresh token, and every access token so far. */
export type Family = { app: App; refreshToken: Held; accessTokens: Held[]; sid: string | undefined }

const DAY_MS = 86_400_000
const FOURTEEN_DAYS_MS = 14 * DAY_MS

type Read = NonNullable<Asked['read']>
type Verdict = Pick<RequestEntry, 'verdict' | 'issues'>

/** What a client does with codes and tokens. Each function sends one request, to this instance, or insists on an answer. */
export function createClient(recorder: Recorder) {
  const via = (instance: number, asked: Partial<Asked> & { what: string }, insisting = false) => ({
    ask: async (path: string, more: object = {}): Promise<Answer> => {
      const send = insisting ? recorder.insist : recorder.ask
      const answer = await send(path, { ...more, ...asked, instance })
      return answer ?? ({ status: 0 } as Answer)
    },
  })

  function tokensIn(answer: Answer, from: Thing): { family: Omit<Family, 'app'>; issues: Issued[] } | null {
    if (answer.status !== 200) return null
    const { access_token: access, refresh_token: renewal, id_token } = answer.json<Tokens>()
    const named = (kind: 'access' | 'refresh', secret: string): Thing => ({
      ...from,
      kind,
      id: nameOf(secret),
    })
    const [one, other] = [named('access', access), named('refresh', renewal)]
    return {
      family: {
        accessTokens: [{ secret: access, thing: one }],
        refreshToken: { secret: renewal, thing: other },
        sid: claimOf(id_token, 'sid'),
      },
      issues: [
        { ...one, livesMs: DAY_MS },
        { ...other, livesMs: FOURTEEN_DAYS_MS },
      ],
    }
  }

  const tokenVerdict =
    (from: Thing): Read =>
    (answer): Verdict => {
      const got = tokensIn(answer, from)
      if (got) return { verdict: 'accepted', issues: got.issues }
      return answer.status === 400 || answer.status === 401 ? { verdict: 'refused' } : {}
    }

  return {
    /** Exchanges a code; null without tokens. */
    async redeem(
      { code, verifier, app, thing }: Code,
      instance: number,
      insisting = false,
    ): Promise<Family | null> {
      const asked = { what: 'redeem', presents: thing, read: tokenVerdict(thing) }
      const answer = await redeem(via(instance, asked, insisting), app, { code, verifier })
      const got = tokensIn(answer, thing)
      if (!got) return null
      const { sid } = got.family
      const { session, user, begunAt } = thing
      if (sid !== undefined)
        recorder.journal.add({
          type: 'joined',
          ...{ session, user, begunAt, sid },
          client: app.name,
          at: recorder.journal.now(),
        })
      return { app, ...got.family }
    },
    /** Renews; keeps what it gets. */
    async refresh(family: Family, instance: number, insisting = false): Promise<void> {
      const { secret, thing } = family.refreshToken
      const asked = { what: 'refresh', presents: thing, read: tokenVerdict(thing) }
      const got = tokensIn(await refresh(via(instance, asked, insisting), family.app, secret), thing)
      if (!got) return
      family.refreshToken = got.family.refreshToken
      family.accessTokens.push(...got.family.accessTokens)
    },
    async use({ secret, thing }: Held, instance: number, insisting = false): Promise<void> {
      const read: Read = ({ status }) =>
        status === 200 ? { verdict: 'accepted' } : status === 401 ? { verdict: 'refused' } : {}
      await via(instance, { what: 'userinfo', presents: thing, read }, insisting).ask('/userinfo', {
        headers: bearer(secret),
      })
    },
    async introspect({ secret, thing }: Held, app: App, instance: number): Promise<void> {
      const read: Read = (answer) => {
        if (answer.status !== 200) return {}
        return { verdict: answer.json<{ active: boolean }>().active ? 'accepted' : 'refused' }
      }
      await via(instance, { what: 'introspection', presents: thing, read }).ask('/introspect', {
        body: { token: secret },
        headers: basic(app.id, app.secret),
      })
    },
    /** Gives the refresh token back (RFC 7009), which ends what was allowed to the client; true when that is acknowledged. */
    async revoke({ app, refreshToken: { secret, thing } }: Family, instance: number): Promise<boolean> {
      const asked = {
        what: 'revocation',
        ends: { scope: 'grant' as const, id: thing.grant },
        read: ({ status }: Answer) => ({ acknowledged: status === 200 }),
      }
      const { status } = await via(instance, asked, true).ask('/revoke', {
        body: { token: secret, ...(app.rotates && { client_id: app.id }) },
        headers: app.rotates ? {} : basic(app.id, app.secret),
      })
      return status === 200
    },
  }
}

export type Client = ReturnType<typeof createClient>

function claimOf(jwt: string, name: string): string | undefined {
  const claims = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >
  const value = claims[name]
  return typeof value === 'string' ? value : undefined
}
