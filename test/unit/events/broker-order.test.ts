import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ListedEvent } from '../../../src/audit/index.ts'
import { cloudEventOf } from '../../../src/events/broker/cloud-event.ts'
import type { CloudEvent } from '../../../src/events/broker/cloud-event.ts'
import { publishInOrder } from '../../../src/events/broker/in-order.ts'
import { outsideEventOf } from '../../../src/events/outside-event.ts'

const event = (n: number, subject: string): CloudEvent => ({
  ...{ specversion: '1.0', id: `evt_${n}`, source: 'https://id.example.com', type: 'user.updated', subject },
  ...{ time: '2026-11-24T00:00:00.000Z', datacontenttype: 'application/json', data: {} },
})
const number = ({ id }: CloudEvent) => Number(id.slice(4))

/** Ends with false, now or a little later; what a broker that had said no may have kept all the same is its third answer. */
type Answer = 'kept' | 'lost' | 'kept, but not confirmed'

describe('events about one subject', () => {
  test('are first heard in their order, whatever fails in between and is sent again', async () => {
    const answers = fc.array(
      fc.constantFrom<Answer>('kept', 'kept', 'kept', 'lost', 'kept, but not confirmed'),
      { maxLength: 80 },
    )
    const subjects = fc.array(fc.constantFrom('alice', 'bob', 'carol'), { minLength: 1, maxLength: 25 })
    await fc.assert(
      fc.asyncProperty(subjects, answers, fc.array(fc.nat(3)), async (about, says, delays) => {
        const events = about.map((subject, index) => event(index, subject))
        const heard: CloudEvent[] = []
        let asked = 0
        const publish = async (one: CloudEvent): Promise<void> => {
          const turn = asked++
          for (let i = delays[turn] ?? 0; i > 0; i -= 1) await Promise.resolve()
          const answer = says[turn] ?? 'kept'
          if (answer !== 'lost') heard.push(one)
          if (answer !== 'kept') throw new Error(answer)
        }
        for (let from = 0; from < events.length;) {
          const { done, error } = await publishInOrder(publish, events.slice(from))
          if (error === null) expect(done).toBe(events.length - from)
          // What counts as told is told.
          for (const one of events.slice(from, from + done)) expect(heard).toContain(one)
          from += done
        }
        const first = heard.filter((one, index) => heard.indexOf(one) === index)
        expect(first).toHaveLength(events.length)
        for (const subject of ['alice', 'bob', 'carol']) {
          const numbers = first.filter((one) => one.subject === subject).map(number)
          expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
        }
      }),
    )
  })

  test('wait for each other, and not for those about somebody else', async () => {
    const sent: string[] = []
    const confirm = new Map<string, () => void>()
    const publish = ({ id }: CloudEvent) =>
      new Promise<void>((resolve) => {
        sent.push(id)
        confirm.set(id, resolve)
      })
    const all = publishInOrder(publish, [event(1, 'alice'), event(2, 'alice'), event(3, 'bob')])
    expect(sent).toEqual(['evt_1', 'evt_3'])
    confirm.get('evt_1')?.()
    confirm.get('evt_3')?.()
    await new Promise((resolve) => setImmediate(resolve))
    expect(sent).toEqual(['evt_1', 'evt_3', 'evt_2'])
    confirm.get('evt_2')?.()
    expect(await all).toEqual({ done: 3, error: null })
  })
})

describe('an event for the outside', () => {
  const listed: ListedEvent = {
    ...{
      id: '7',
      at: '2026-11-24T00:00:00.000Z',
      type: 'client.updated',
      ip: '203.0.113.9',
      detail: { a: 1 },
    },
    chain: { position: '7', hash: 'ff' },
  }

  test('is about a user, else a client, else nobody; the address of whoever did it stays here', () => {
    expect(outsideEventOf({ ...listed, user_id: 'u', client_id: 'c' }).subject).toBe('u')
    expect(outsideEventOf({ ...listed, client_id: 'c' }).subject).toBe('c')
    expect(outsideEventOf(listed)).toEqual({
      ...{ id: 'evt_7', type: 'client.updated', at: '2026-11-24T00:00:00.000Z', subject: null },
      data: { detail: { a: 1 } },
    })
  })

  test('has in CloudEvents what CloudEvents requires, and no subject where there is none', () => {
    expect(cloudEventOf('https://id.example.com', outsideEventOf(listed))).toEqual({
      ...{ specversion: '1.0', id: 'evt_7', source: 'https://id.example.com', type: 'client.updated' },
      ...{
        time: '2026-11-24T00:00:00.000Z',
        datacontenttype: 'application/json',
        data: { detail: { a: 1 } },
      },
    })
  })
})
