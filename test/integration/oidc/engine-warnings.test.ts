import { expect, test } from '@jest/globals'
import { runChild } from '../../support/child.ts'

// The engine tells of unsafe or unfinished settings on the console, once, when it is built or when the setting first matters.
test('the engine prints no WARNING and no NOTICE, and nobody else prints anything, from start to stop (KY-01)', async () => {
  const { code, stdout, stderr } = await runChild(new URL('../../child/whole-story.ts', import.meta.url))
  expect(stderr).toBe('')
  expect(stdout).toBe('')
  expect(code).toBe(0)
})
