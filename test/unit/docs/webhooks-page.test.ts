import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { signatureHeaders } from '../../../src/receivers/index.ts'
import type { WebhookSecret } from '../../../src/receivers/webhook-secret.ts'

type Headers = Record<string, string | undefined>
type Receiver = { isGenuine: (headers: Headers, body: string, secret: string, now?: number) => boolean }

const page = readFileSync(new URL('../../../docs/webhooks.md', import.meta.url), 'utf8')
const source = /<!-- test: receiver -->\s+```js\n([^]*?)```/.exec(page)?.[1] ?? ''
const { isGenuine } = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as Receiver

const secretOf = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`
const [secret, older] = [secretOf(1), secretOf(2)]
const body = JSON.stringify({
  type: 'user.disabled',
  timestamp: '2026-11-22T09:30:00.000Z',
  data: { name: 'Zoë' },
})
const now = new Date('2026-11-22T09:30:00Z')
const seconds = now.getTime() / 1000
const keys: WebhookSecret[] = [
  { secret, expiresAt: null },
  { secret: older, expiresAt: '2026-11-22T10:00:00Z' },
]
const signed = (all = keys) => signatureHeaders(all, { id: 'evt_1', body, now })

describe('the receiver in docs/webhooks.md', () => {
  test('takes what we sign, by the new secret and while they overlap by the one before', () => {
    expect(isGenuine(signed(), body, secret, seconds)).toBe(true)
    expect(isGenuine(signed(), body, older, seconds)).toBe(true)
    expect(isGenuine(signed(), body, secret, seconds + 299)).toBe(true)
  })

  test('takes nothing else: not changed, not old, not of the future, not by another secret, not unsigned', () => {
    const headers = signed()
    const refused: [Headers, string, string, number][] = [
      [headers, body.replace('disabled', 'enabled'), secret, seconds],
      [{ ...headers, 'webhook-id': 'evt_2' }, body, secret, seconds],
      [{ ...headers, 'webhook-timestamp': `${seconds + 1}` }, body, secret, seconds],
      [{ ...headers, 'webhook-timestamp': undefined }, body, secret, seconds],
      [{ ...headers, 'webhook-timestamp': 'NaN' }, body, secret, seconds],
      [{ ...headers, 'webhook-signature': undefined }, body, secret, seconds],
      [{ ...headers, 'webhook-signature': 'v1,' }, body, secret, seconds],
      [
        { ...headers, 'webhook-signature': headers['webhook-signature']?.replaceAll('v1,', 'v2,') },
        body,
        secret,
        seconds,
      ],
      [headers, body, secretOf(3), seconds],
      [headers, body, secret, seconds + 301],
      [headers, body, secret, seconds - 301],
      [signed(keys.slice(0, 1)), body, older, seconds],
    ]
    for (const [index, given] of refused.entries())
      expect({ index, taken: isGenuine(...given) }).toEqual({ index, taken: false })
  })

  test('an overlap that is over is over', () => {
    const later = new Date('2026-11-22T10:00:01Z')
    const headers = signatureHeaders(keys, { id: 'evt_1', body, now: later })
    expect(isGenuine(headers, body, older, later.getTime() / 1000)).toBe(false)
    expect(isGenuine(headers, body, secret, later.getTime() / 1000)).toBe(true)
  })

  test('lists every word that the log has', () => {
    const words = ['blocked', 'timeout', 'refused', 'unreachable', 'tls', 'broken', 'http_…']
    for (const word of words) expect(page).toContain(`| \`${word}\``)
  })
})
