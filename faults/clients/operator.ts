import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { basic, bearer } from '../../test/support/http-client.ts'
import type { Answer } from '../../test/support/http-client.ts'
import type { Tokens } from '../../test/support/sign-in.ts'
import type { End } from '../journal.ts'
import { ADMIN_API, OPERATOR_SCOPE } from './cast.ts'
import type { Cast } from './cast.ts'
import type { Recorder } from './recorder.ts'

export type Operator = {
  /** Resolves with whether it is done, for sure; sends the same again until somebody says so. */
  disable(userId: string): Promise<boolean>
  enable(userId: string): Promise<boolean>
  revoke(userId: string): Promise<boolean>
}

const TRIES = 60

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
    about: { ends?: End; reopens?: string },
  ): Promise<boolean> {
    const key = randomUUID()
    const isDone = ({ status }: Answer) => status === 200
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
      if (answer && isDone(answer)) return true
      // Its life is short, by a clock that may be wrong.
      if (answer?.status === 401) token = undefined
      await sleep(80)
    }
    return false
  }

  const ends = (id: string) => ({ ends: { scope: 'user' as const, id } })
  return {
    disable: (id) => change('disable', `/v1/users/${id}/disable`, { reason: 'faults' }, ends(id)),
    enable: (id) => change('enable', `/v1/users/${id}/enable`, null, { reopens: id }),
    revoke: (id) => change('revoke user', `/v1/users/${id}/revoke`, { reason: 'faults' }, ends(id)),
  }
}
