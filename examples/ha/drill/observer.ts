import { setTimeout as sleep } from 'node:timers/promises'

/** What one request came to: an answer, 503 (come again), or nothing whole. */
export type Outcome = 'answered' | 'unavailable' | 'broken'

export type Seen = { what: string; outcome: Outcome; at: number; ms: number }

export type Reply = { status: number; headers: Headers; text: string }

export type Ask = {
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  form?: Record<string, string> | URLSearchParams
}

/** Sends requests and writes down what came of each. */
export type Observer = {
  seen: readonly Seen[]
  /** What no failure excuses. */
  violations: string[]
  /** One request; null when no whole answer came. */
  ask(what: string, url: string, ask?: Ask): Promise<Reply | null>
  /** The same request again until it is answered; how often, and how long that took, is told too. */
  insist(what: string, url: string, ask?: Ask): Promise<{ reply: Reply; tries: number; ms: number }>
}

const ANSWER_MS = 20_000
const PATIENCE_MS = 90_000
const PAUSE_MS = 200

/** An observer with an empty book. */
export function createObserver(): Observer {
  const seen: Seen[] = []

  async function ask(
    what: string,
    url: string,
    { method, headers = {}, form }: Ask = {},
  ): Promise<Reply | null> {
    const at = performance.now()
    const note = (outcome: Outcome) => seen.push({ what, outcome, at, ms: performance.now() - at })
    try {
      const answer = await fetch(url, {
        method: method ?? (form ? 'POST' : 'GET'),
        headers,
        body: form ? new URLSearchParams(form) : null,
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_MS),
      })
      const reply = { status: answer.status, headers: answer.headers, text: await answer.text() }
      note(reply.status === 503 ? 'unavailable' : reply.status >= 500 ? 'broken' : 'answered')
      return reply
    } catch {
      note('broken')
      return null
    }
  }

  return {
    seen,
    violations: [],
    ask,
    async insist(what, url, asked) {
      const begun = performance.now()
      for (let tries = 1; ; tries += 1) {
        const reply = await ask(what, url, asked)
        const ms = performance.now() - begun
        if (reply && reply.status < 500) return { reply, tries, ms }
        if (ms > PATIENCE_MS) throw new Error(`${what}: no answer in ${PATIENCE_MS / 1000} seconds`)
        await sleep(PAUSE_MS)
      }
    },
  }
}
