import { describe, expect, test } from '@jest/globals'
import { verdictOn } from '../../../src/signals/push-verdict.ts'

const middle = () => 0.5
const on = (answer: Parameters<typeof verdictOn>[0], failures = 0) => verdictOn(answer, { failures }, middle)

describe('what an answer to a push amounts to (RFC 8935 §2)', () => {
  test.each([200, 202, 204])('%d: taken', (status) => {
    expect(on({ status })).toEqual({ kind: 'taken' })
  })

  test.each(['invalid_request', 'invalid_state'])(
    '400 %s: the event is refused, and not sent again at once',
    (err) => {
      const text = JSON.stringify({ err, description: 'no' })
      expect(on({ status: 400, text })).toEqual({ kind: 'refused', error: err, retryInSeconds: 30 })
    },
  )

  test.each([
    ...[
      'authentication_failed',
      'access_denied',
      'invalid_key',
      'invalid_issuer',
      'invalid_audience',
      'other',
    ],
  ])('400 %s: something is set up wrongly, the event is kept', (err) => {
    expect(on({ status: 400, text: JSON.stringify({ err }) })).toEqual({
      ...{ kind: 'failed', error: err, retryInSeconds: 5 },
    })
  })

  test.each(['', '<html>', '{"err":7}', '{"err":"a b\\r\\n"}', 'null'])(
    '400 with %j is nobody’s verdict on the event',
    (text) => {
      expect(on({ status: 400, text })).toMatchObject({ kind: 'failed', error: 'http_400' })
    },
  )

  test('everything else is tried again: later each time, an hour at most, not before the receiver asked for', () => {
    expect(on({ status: 500 }, 3)).toMatchObject({ error: 'http_500', retryInSeconds: 40 })
    expect(on({ failure: 'timeout' }, 1000)).toEqual({
      kind: 'failed',
      error: 'timeout',
      retryInSeconds: 3600,
    })
    expect(on({ status: 429, retryAfter: 120 })).toMatchObject({ retryInSeconds: 120 })
    expect(on({ status: 302 })).toMatchObject({ kind: 'failed', error: 'http_302' })
  })
})
