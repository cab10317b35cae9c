import { expect, test } from '@jest/globals'
import { addClient } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import { authorizeUrl, pkce, stepOf, walk } from '../support/sign-in.ts'
import { createUserAgent } from '../support/user-agent.ts'

test('where no mail goes out, the sign-in page leads whoever forgot their password to whom to ask, and back; nobody registers', async () => {
  const own = await startTestServer({ env: { CARDEA_MODE: 'production' } })
  try {
    const agent = createUserAgent(own)
    const client = await addClient(own)
    const login = await walk(own, agent, authorizeUrl(client, pkce().challenge), null)
    expect(login.text).not.toContain('/register?')
    const [, forgot = ''] = /href="(\/forgot\?interaction=[^"]+)"/.exec(login.text) ?? []
    const page = await agent.get(forgot)
    expect(page.status).toBe(403)
    expect(page.text).toContain('Ask for a new password')
    const [, back = ''] = /href="(\/interaction\/[^"]+)"/.exec(page.text) ?? []
    expect(stepOf(await agent.get(back))).toBe('login')
  } finally {
    await own.stop()
  }
})
