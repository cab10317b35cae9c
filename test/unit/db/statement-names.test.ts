import { expect, test } from '@jest/globals'
import { statementOf } from '../../../src/db/trace-queries.ts'

test.each([
  ['SELECT "public"."users"."id" FROM "public"."users" WHERE 1=1', 'SELECT public.users', 'SELECT'],
  ['\n  UPDATE sessions SET revoked_at = now()', 'UPDATE sessions', 'UPDATE'],
  ["INSERT INTO tokens (digest) VALUES ('s3cret')", 'INSERT tokens', 'INSERT'],
  ['COMMIT', 'COMMIT', 'COMMIT'],
  ['', 'SQL', 'SQL'],
])('%j is called %s', (text, name, operation) => {
  expect(statementOf(text)).toEqual({ name, operation })
  expect(statementOf({ text, values: ['s3cret'] })).toEqual({ name, operation })
})

test('a statement with a name goes by it', () => {
  expect(statementOf({ name: 'find-token', text: 'SELECT 1' })).toEqual({
    ...{ name: 'find-token', operation: 'SELECT' },
  })
})
