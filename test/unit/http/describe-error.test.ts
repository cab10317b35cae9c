import { describe, expect, test } from '@jest/globals'
import { describeError } from '../../../src/http/describe-error.ts'

describe('an error in the log', () => {
  test('keeps type, message, code, stack and causes, and leaves everything else behind (CO-07)', () => {
    const cause = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (email)=(ada@example.com)',
    })
    const error = Object.assign(new TypeError('write failed', { cause }), {
      parameters: ['the-token'],
      meta: { a: 1 },
    })
    const line = describeError(error)
    expect(line).toMatchObject({ type: 'TypeError', message: 'write failed', cause: { code: '23505' } })
    expect(JSON.stringify(line)).not.toMatch(/ada@|the-token|meta/)
  })

  test('does not repeat what was thrown when it is no Error', () => {
    expect(JSON.stringify(describeError('secret text'))).not.toContain('secret text')
  })

  test('ends on circular causes and long messages', () => {
    const error = new Error('x'.repeat(10_000))
    error.cause = error
    expect(JSON.stringify(describeError(error)).length).toBeLessThan(20_000)
  })
})
