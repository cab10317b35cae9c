import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'
import { visit } from '../support/visit.ts'

let stage: Stage
beforeAll(async () => (stage = await openStage()))
afterAll(() => stage.close())

test.each([
  ['on a phone, in the dark', { viewport: { width: 320, height: 700 }, colorScheme: 'dark' }],
  [
    'on a desk, in the light, without JavaScript',
    { viewport: { width: 1280, height: 800 }, javaScriptEnabled: false },
  ],
] as const)('the page about the admin API can be read %s (AD-15, AZ-13)', async (_where, options) => {
  const origin = `http://127.0.0.1:${stage.server.instances[0]?.opsPort ?? 0}`
  await visit(stage.browser, { ...options, origins: [origin] }, async ({ page, sees }) => {
    await page.goto(`${origin}/docs`)
    await sees(/Cardea admin API/)
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
    expect(overflow).toBeLessThanOrEqual(0)
    await page.getByRole('link', { name: 'End all access of a user' }).first().click()
    expect(page.url()).toContain('#')
    expect(await page.getByText('/v1/users/{id}/revoke').first().isVisible()).toBe(true)
  })
})
