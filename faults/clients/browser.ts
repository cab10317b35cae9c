import { REDIRECT_URI } from '../../test/support/people.ts'
import type { Person } from '../../test/support/people.ts'
import type { Answer } from '../../test/support/http-client.ts'
import type { Instance, TestServer } from '../../test/support/server.ts'
import { authorizeUrl, pkce, walk } from '../../test/support/sign-in.ts'
import { createUserAgent, formOf } from '../../test/support/user-agent.ts'
import type { UserAgent } from '../../test/support/user-agent.ts'
import type { Issued, Thing } from '../journal.ts'
import type { Random } from '../random.ts'
import type { App } from './cast.ts'
import { nameOf } from './recorder.ts'
import type { Asked, Recorder } from './recorder.ts'

export type Code = { code: string; verifier: string; app: App; thing: Issued }

/** A person's browser: one session at a time, told apart by name in the journal. */
export type Browser = {
  session: Thing
  /** Signs in; null when that came to nothing. The password is sent again as long as nobody answers. */
  signIn(app: App): Promise<Code | null>
  /** Asks for a code without any page, once. */
  silently(app: App): Promise<Code | null>
  /** Signs out; true when the page says that it is done. */
  signOut(): Promise<boolean>
}

const CODE_MS = 60_000
const DAY_MS = 86_400_000

/** A fresh browser, and the session it will have. */
export function createBrowser({
  issuer,
  person,
  recorder,
  random,
  name,
}: {
  issuer: string
  person: Person
  recorder: Recorder
  random: Random
  name: string
}): Browser {
  const begunAt = recorder.journal.now()
  const lineage = { user: person.id, session: name, begunAt }
  const session: Thing = { kind: 'session', id: name, grant: '', ...lineage }
  const account: Thing = { kind: 'account', id: person.id, ...lineage, session: '', grant: '' }
  /** How the next request is to be written down. */
  let about: Pick<Asked, 'what' | 'presents' | 'ends' | 'read'> = { what: 'page' }
  let patient = true

  const ask: Instance['ask'] = async (path, asked = {}) => {
    const full: Asked = { ...asked, ...about, instance: random.pick([0, 1]) }
    const answer = await (patient ? recorder.insist(path, full) : recorder.ask(path, full))
    // Sent again and again, a refused password would bring about the wait that is due to whoever guesses.
    if (!answer || answer.status === 422) throw new NoAnswer()
    return answer
  }
  const server = { issuer, instances: [{ ask }] } as unknown as TestServer
  const agent: UserAgent = createUserAgent(server)

  function codeIn(answer: Answer, app: App): Issued | null {
    const code =
      answer.location?.startsWith(REDIRECT_URI) && new URL(answer.location).searchParams.get('code')
    if (!code) return null
    return { kind: 'code', id: nameOf(code), grant: `${name}/${app.name}`, ...lineage, livesMs: CODE_MS }
  }

  /** A walk that ends with a code at the client, or null. */
  async function authorize(
    app: App,
    presents: Thing,
    start: (url: string) => Promise<Answer>,
  ): Promise<Code | null> {
    const { verifier, challenge } = pkce()
    about = {
      what: presents.kind === 'account' ? 'sign-in' : 'silent authorization',
      presents,
      read(answer) {
        const code = codeIn(answer, app)
        return code ? { verdict: 'accepted', issues: [code, { ...session, livesMs: DAY_MS }] } : {}
      },
    }
    try {
      const answer = await start(authorizeUrl(app, challenge))
      const thing = codeIn(answer, app)
      if (!thing) return null
      return { code: new URL(answer.location ?? '').searchParams.get('code') ?? '', verifier, app, thing }
    } catch (error) {
      // What was sent twice was used up the first time. Then one begins anew.
      if (leadsNowhere(error)) return null
      throw error
    }
  }

  return {
    session,
    signIn(app) {
      patient = true
      return authorize(app, account, (url) => walk(server, agent, url, person))
    },
    silently(app) {
      patient = false
      return authorize(app, session, (url) => agent.clone().get(`${url}&prompt=none`))
    },
    async signOut() {
      patient = true
      for (let tries = 0; tries < 8; tries += 1) {
        try {
          about = { what: 'page' }
          const page = await agent.get('/logout')
          const { action, fields } = formOf(page)
          const isDone = ({ status }: Answer) => status === 303
          about = {
            what: 'logout',
            ends: { scope: 'session', id: name },
            read: (answer) => ({ acknowledged: isDone(answer) }),
          }
          patient = false
          if (isDone(await agent.post(action, { ...fields, logout: 'yes' }))) return true
        } catch (error) {
          if (!leadsNowhere(error)) throw error
        }
        patient = true
      }
      return false
    },
  }
}

class NoAnswer extends Error {}

/** No answer, or a page without a way on. */
function leadsNowhere(error: unknown): boolean {
  return error instanceof NoAnswer || /^(no form|the sign-in leads in circles)/.test((error as Error).message)
}
