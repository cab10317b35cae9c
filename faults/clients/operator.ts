import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { basic, bearer } from '../../test/support/http-client.ts'
import type { Answer } from '../../test/support/http-client.ts'
import type { Tokens } from '../../test/support/sign-in.ts'
import type { RequestEntry, Tale } from '../journal.ts'
import { ADMIN_API, OPERATOR_SCOPE } from './cast.ts'
import type { Cast } from './cast.ts'
import type { Recorder } from './recorder.ts'

export type Operator = {
  /** Resolves with whether it is done, for sure; sends the same again until somebody says so. */
  disable(userId: string): Promise<boolean>
  enable(userId: string): Promise<boolean>
  revoke(userId: string): Promise<boolean>
  /** Has this address told of everything that the others do, from then on. Resolves with the id of the webhook. */
  hear(url: string): Promise<string>
  /** Lets a webhook that has failed go on at once. */
  resume(webhookId: string): Promise<boolean>
}

const TRIES = 60
const TOLD = ['user.disabled', 'user.enabled', 'access.revoked']

/** Somebody with the admin API, who keeps at it: each change has a key, with which it is sent again until it is answered. */
export function createOperator({ operator }: Cast, recorder: Recorder, instance: number): Operator {
  let token: string | undefined

  async function authorize(): Promise<string | undefined> {
    const answer = await recorder.insist('/token', {
      ...{ what: 'operator token', instance, headers: basic(operator.id, operator.secret) },
      body: { grant_type: 'client_credentials', resource: ADMIN_API, scope: OPERATOR_SCOPE },
    })
    return answer?.status === 200 ? answer.json<Tokens>().access_token : undefined
  }

  async function change(
    what: string,
    path: string,
    body: object | null,
    {
      key = randomUUID(),
      ...about
    }: { key?: string } & Pick<RequestEntry, 'ends' | 'reopens' | 'tells'> = {},
  ): Promise<Answer | null> {
    const isDone = ({ status }: Answer) => status === 200 || status === 201
    for (let turn = 0; turn < TRIES; turn += 1) {
      token ??= await authorize()
      const answer = await recorder.ask(path, {
        ...{ what, instance: (instance + turn) % 2, ops: true, method: 'POST', ...about },
        ...(body && { body: JSON.stringify(body) }),
        headers: {
          ...bearer(token ?? ''),
          ...(body && { 'content-type': 'application/json' }),
          'idempotency-key': key,
        },
        read: (read) => ({ acknowledged: isDone(read) }),
      })
      if (answer && isDone(answer)) return answer
      // Its life is short, by a clock that may be wrong.
      if (answer?.status === 401) token = undefined
      await sleep(80)
    }
    return null
  }

  /** What ends everything of somebody is told of with the reason that was given, and so can be told from any other. */
  async function end(what: string, path: string, user: string, before: Tale[]): Promise<boolean> {
    const key = randomUUID()
    const tells = [...before, { event: 'access.revoked', user, reason: key }]
    const about = { key, ends: { scope: 'user' as const, id: user }, tells }
    return (await change(what, path, { reason: key }, about)) !== null
  }
  return {
    disable: (id) =>
      end('disable', `/v1/users/${id}/disable`, id, [{ event: 'user.disabled', user: id, reason: null }]),
    async enable(id) {
      const tells = [{ event: 'user.enabled', user: id, reason: null }]
      return (await change('enable', `/v1/users/${id}/enable`, null, { reopens: id, tells })) !== null
    },
    revoke: (id) => end('revoke user', `/v1/users/${id}/revoke`, id, []),
    async hear(url) {
      const answer = await change('register webhook', '/v1/webhooks', { url, event_types: TOLD })
      if (!answer) throw new Error('no webhook could be registered')
      return answer.json<{ webhook_id: string }>().webhook_id
    },
    resume: async (id) => (await change('resume webhook', `/v1/webhooks/${id}/resume`, null)) !== null,
  }
}
