import { expect, test } from '@jest/globals'
import { EmbeddedPostgresError, faultOf } from '../../../src/db/embedded/errors.ts'

test.each([
  ['disk_full', 'FATAL:  could not extend file "base/1/2691": No space left on device'],
  ['disk_full', Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })],
  ['unwritable', Object.assign(new Error("EACCES: permission denied, mkdir '/data'"), { code: 'EACCES' })],
  ['unwritable', "EROFS: read-only file system, access '/data'"],
  ['unwritable', 'initdb: error: could not access directory "/data": Permission denied'],
  ['failed', 'FATAL:  invalid value for parameter'],
])('tells an operator "%s" from what the tool said: %s', (code, detail) => {
  const error = faultOf('start', '/data', detail)
  expect(error).toMatchObject({ name: 'EmbeddedPostgresError', code })
  expect(error.message).toContain('/data')
  expect(error.message).toContain(detail instanceof Error ? detail.message : detail)
})

test('leaves a fault that has been told already as it is', () => {
  const told = new EmbeddedPostgresError('no_binaries', 'Install it.')
  expect(faultOf('start', '/data', told)).toBe(told)
})
