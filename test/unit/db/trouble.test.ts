import { describe, expect, test } from '@jest/globals'
import { isRetryable, isStorageTrouble, isUniqueViolation } from '../../../src/db/index.ts'

const withCode = (code: string, message = 'it went wrong') => Object.assign(new Error(message), { code })
const prisma = (code: string, cause?: object) =>
  Object.assign(new Error(`Invalid invocation: ${code}`), {
    name: 'PrismaClientKnownRequestError',
    code,
    meta: cause && { modelName: 'User', driverAdapterError: adapter(cause) },
  })
const adapter = (cause: object) => Object.assign(new Error('adapter'), { name: 'DriverAdapterError', cause })

describe('storage trouble', () => {
  test.each([
    ['connection_failure', withCode('08006')],
    ['connection refused by a starting server', withCode('57P03')],
    ['administrator shutdown', withCode('57P01')],
    ['statement timeout', withCode('57014')],
    ['lock timeout', withCode('55P03')],
    ['idle transaction ended', withCode('25P03')],
    ['transaction time limit', withCode('25P04')],
    ['disk full', withCode('53100')],
    ['too many connections', withCode('53300')],
    ['read-only database', withCode('25006')],
    ['a database that accepts no connections', withCode('55000')],
    ['input or output error', withCode('58030')],
    ['password refused', withCode('28P01')],
    ['database absent', withCode('3D000')],
    ['serialization failure after its retries', withCode('40001')],
    ['port closed', withCode('ECONNREFUSED')],
    ['connection reset', withCode('ECONNRESET')],
    ['broken pipe', withCode('EPIPE')],
    ['network timeout', withCode('ETIMEDOUT')],
    ['host unknown', withCode('ENOTFOUND')],
    [
      'every address of a host refused',
      new AggregateError([withCode('ECONNREFUSED'), withCode('ENETUNREACH')]),
    ],
    ['pool exhausted', new Error('timeout exceeded when trying to connect')],
    ['connection timed out', new Error('Connection terminated due to connection timeout')],
    ['connection lost', new Error('Connection terminated unexpectedly')],
    ['no answer', new Error('Query read timeout')],
    ['dead connection', new Error('Client has encountered a connection error and is not queryable')],
    ['pool closed', new Error('Cannot use a pool after calling end on the pool')],
    ...['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037'].map((code) => [
      code,
      prisma(code),
    ]),
    ['a raw query out of time', prisma('P2010', { originalCode: '57014', kind: 'postgres', code: '57014' })],
    ['a query on a full disk', prisma('P2039', { originalCode: '53100', kind: 'postgres', code: '53100' })],
    ['a commit that lost the connection', adapter({ kind: 'ConnectionClosed' })],
    ['an unreachable server', adapter({ kind: 'DatabaseNotReachable', host: '127.0.0.1', port: 1 })],
    ['trouble deep in the causes', new Error('a', { cause: new Error('b', { cause: withCode('08001') }) })],
  ])('includes: %s (reliability rule 1)', (_, error) => {
    expect(isStorageTrouble(error)).toBe(true)
  })

  test.each([
    ['unique violation', withCode('23505')],
    [
      'unique violation in Prisma',
      prisma('P2002', { kind: 'UniqueConstraintViolation', originalCode: '23505' }),
    ],
    ['foreign key violation', withCode('23503')],
    ['syntax error', withCode('42601')],
    ['missing table', withCode('42P01')],
    ['NUL byte in a text', withCode('22021')],
    ['row not found', prisma('P2025')],
    ['a bug', new Error('Cannot read properties of undefined')],
    ['a type error', new TypeError('x is not a function')],
    [
      "somebody else's server that is down",
      new TypeError('fetch failed', { cause: withCode('ECONNREFUSED') }),
    ],
    ['a file not found', withCode('ENOENT')],
    ['a text', 'Connection terminated'],
    ['nothing', undefined],
    ['null', null],
  ])('excludes: %s', (_, error) => {
    expect(isStorageTrouble(error)).toBe(false)
  })

  test('is searched in a circle of causes to an end', () => {
    const error = new Error('round')
    error.cause = error
    expect(isStorageTrouble(error)).toBe(false)
  })
})

test.each([
  ['from pg', withCode('23505')],
  ['from Prisma', prisma('P2002')],
  ['from the adapter', adapter({ kind: 'UniqueConstraintViolation' })],
])('knows a unique violation %s (FT-32)', (_, error) => {
  expect(isUniqueViolation(error)).toBe(true)
})

test.each([
  ['a foreign key violation', withCode('23503')],
  ['an exclusion violation', withCode('23P01')],
  ['a row not found', prisma('P2025')],
  ['a mere mention', new Error('23505')],
  ['null', null],
])('does not take %s for a unique violation', (_, error) => {
  expect(isUniqueViolation(error)).toBe(false)
})

test.each([
  ['a serialization failure', withCode('40001')],
  ['a deadlock', withCode('40P01')],
  ['a write conflict in Prisma', prisma('P2034')],
  ['a commit that lost', adapter({ kind: 'TransactionWriteConflict' })],
])('repeats a transaction after %s (FT-29)', (_, error) => {
  expect(isRetryable(error)).toBe(true)
})

test.each([
  ['a statement timeout', withCode('57014')],
  ['a unique violation', withCode('23505')],
  ['an expired transaction', prisma('P2028')],
  ['a lost connection', withCode('ECONNRESET')],
  ['nothing', undefined],
])('repeats no transaction after %s', (_, error) => {
  expect(isRetryable(error)).toBe(false)
})
