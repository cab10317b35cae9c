import { expect, test } from '@jest/globals'
import { describeError } from '../../../src/http/describe-error.ts'

test('a Prisma error that quotes its arguments leaves none of them in the log (CO-07)', () => {
  const error = new Error(
    'Invalid `prisma.user.create()` invocation:\n{ passwordHash: "s3cret" }\n\nArgument `email` is missing.',
  )
  error.name = 'PrismaClientValidationError'
  const described = describeError(error)
  expect(described.message).toBe('Argument `email` is missing.')
  expect(JSON.stringify(described)).not.toContain('s3cret')
})

test('other errors keep their message and where they happened', () => {
  const described = describeError(new TypeError('x is not a function'))
  expect(described).toMatchObject({ type: 'TypeError', message: 'x is not a function' })
  expect(described.stack).toContain('describe-error.test.ts')
})
