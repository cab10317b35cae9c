import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { at } from '../support/attempts.ts'
import { addDeviceApp, askForCode, connect, enterCode, startDevice } from '../support/device.ts'
import type { Answer } from '../support/http-client.ts'
import { failOnInsert } from '../support/outage.ts'
import { addPerson } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
let app: Awaited<ReturnType<typeof addDeviceApp>>
beforeAll(async () => {
  server = await startTestServer({ instances: 2, env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1' } })
  app = await addDeviceApp(server)
})
afterAll(() => server.stop())

const letters = 'BCDFGHJKLMNPQRSTVWXZ'
/** A code that no device has, another for each number. */
const guess = (nth: number): string =>
  `ZZZZ-${letters.charAt(Math.floor(nth / 400) % 20)}${letters.charAt(Math.floor(nth / 20) % 20)}${letters.charAt(nth % 20)}Z`

function verdictOf({ status, text, location }: Answer): string {
  if (location?.startsWith('/device?user_code=') === true) return 'found'
  if (status === 429) return 'throttled'
  if (status === 422) return text.includes('No device is waiting') ? 'unknown' : 'other'
  return text.includes('name="confirm"') ? 'found' : String(status)
}

/** Somebody at this address, each time in a new browser, with the page for codes before them. */
async function atForm(address: string): Promise<(code: string) => Promise<Answer>> {
  const agent = createUserAgent(at(server, address))
  const { action, fields } = formOf(await agent.get('/device'))
  return (code) => agent.post(action, { ...fields, user_code: code })
}

const tellFrom = (address: string) => async (code: string) => (await atForm(address))(code)

/** Their browser, signed in; everyone's is in a network of its own. */
async function signedIn(address: string): Promise<UserAgent> {
  const agent = createUserAgent(at(server, address))
  await connect(server, await startDevice(server, app), await addPerson(server), { agent })
  return agent
}

async function inTurn(codes: string[], tell: (code: string) => Promise<Answer>): Promise<string[]> {
  const verdicts: string[] = []
  for (const code of codes) verdicts.push(verdictOf(await tell(code)))
  return verdicts
}

const many = (count: number) => Array.from({ length: count }, (_, nth) => guess(nth))

describe('guessing user codes', () => {
  test('ends after ten from one network, for right ones too, on both instances (DV-01, RFC 8628 §5.1)', async () => {
    const started = await startDevice(server, app)
    const tell = tellFrom('198.51.100.1')
    expect(await inTurn(many(11), tell)).toEqual([...Array<string>(10).fill('unknown'), 'throttled'])
    const refused = await tell(started.user_code)
    expect(verdictOf(refused)).toBe('throttled')
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(500)
    expect(refused.text).toContain('There were too many attempts. Try again in 10 minutes.')
    expect(verdictOf(await tellFrom('198.51.100.2')(started.user_code))).toBe('found')
  })

  test('in parallel is no more than guessing in turn (DV-01, CVE-2024-4629)', async () => {
    const forms = await Promise.all(many(40).map(() => atForm('198.51.100.3')))
    const answers = await Promise.all(forms.map((tell, nth) => tell(guess(nth))))
    const verdicts = answers.map(verdictOf)
    expect(verdicts.filter((verdict) => verdict === 'unknown').length).toBeLessThanOrEqual(10)
    expect(verdicts.filter((verdict) => verdict === 'throttled').length).toBeGreaterThanOrEqual(30)
  })

  test('by links that carry the code counts as well (DV-01, RFC 8628 §3.3.1)', async () => {
    const agent = createUserAgent(at(server, '198.51.100.4'))
    const follow = (code: string) => agent.get(`/device?user_code=${code}`)
    expect(await inTurn(many(11), follow)).toEqual([...Array<string>(10).fill('unknown'), 'throttled'])
  })

  test('ends after five for someone who is signed in, from whatever network (DV-01, RFC 8628 §5.1)', async () => {
    const agent = await signedIn('198.51.100.5')
    const tell = async (code: string) => {
      const moved = createUserAgent(at(server, `203.0.113.${code.charCodeAt(7)}`), agent.cookies)
      return enterCode(moved, code)
    }
    expect(await inTurn(many(6), tell)).toEqual([...Array<string>(5).fill('unknown'), 'throttled'])
  })

  test('by strangers behind the same router keeps nobody waiting who is signed in, or was in this browser (DV-01, TH-03)', async () => {
    const address = '198.51.100.9'
    const agent = await signedIn(address)
    expect((await inTurn(many(11), tellFrom(address))).at(-1)).toBe('throttled')
    const { user_code: code } = await startDevice(server, app)
    expect(verdictOf(await tellFrom(address)(code))).toBe('throttled')
    expect(verdictOf(await enterCode(agent, code, 'look'))).toBe('found')

    const cookies = agent.cookies.filter(({ name }) => name.includes('cardea_device'))
    expect(cookies).not.toEqual([])
    const signedOut = () => createUserAgent(at(server, address), cookies)
    expect(verdictOf(await enterCode(signedOut(), code, 'look'))).toBe('found')
    const wrong = await inTurn(many(6), (guessed) => enterCode(signedOut(), guessed))
    expect(wrong).toEqual([...Array<string>(5).fill('unknown'), 'throttled'])
  })

  test('is not what people do who enter codes that exist (DV-01)', async () => {
    const agent = createUserAgent(at(server, '198.51.100.6'))
    const started = await startDevice(server, app)
    for (let nth = 0; nth < 12; nth += 1)
      expect(verdictOf(await enterCode(agent, started.user_code, 'look'))).toBe('found')
  })
})

test('a code may be typed in any case, with or without its dash, and with spaces (DV-01, RFC 8628 §6.1)', async () => {
  const { user_code: code } = await startDevice(server, app)
  const agent = createUserAgent(at(server, '198.51.100.7'))
  for (const typed of [
    code,
    code.toLowerCase(),
    code.replace('-', ''),
    ` ${code.replace('-', ' ')} `,
    code.toLowerCase().split('').join('-'),
  ])
    expect(verdictOf(await enterCode(agent, typed, 'look'))).toBe('found')
})

test.each([
  ['nothing', ''],
  ['a space', ' '],
  ['a dash', '-'],
  ['too few letters', 'ZZZZ'],
  ['too many letters', 'ZZZZ-ZZZZZ'],
  ['an escaped NUL', '%00'],
  ['NUL', '\u0000'],
  ['SQL', "' OR 1=1 --"],
  ['a foreign letter', 'ZZZZ-ZZZ\u0130'],
  ['5,000 letters', 'x'.repeat(5000)],
])(
  'what is no code, like %s, is answered with a page, typed or in an address (DV-01, HT-06)',
  async (_what, typed) => {
    const agent = createUserAgent(at(server, '198.51.100.8'))
    await server.database.prisma.attemptCounter.deleteMany()
    const pages = [
      await enterCode(agent, typed),
      await agent.get(`/device?user_code=${encodeURIComponent(typed)}`),
    ]
    for (const { status, headers, text } of pages) {
      expect([200, 400, 422]).toContain(status)
      expect(headers['content-type']).toMatch(/^text\/html/)
      expect(text).not.toContain('name="confirm"')
    }
  },
)

test('a code that is sent twice in one address is not taken (HT-06)', async () => {
  const { user_code: code } = await startDevice(server, app)
  const page = await createUserAgent(server).get(`/device?user_code=${code}&user_code=${code}`)
  expect(page.text).not.toContain('name="confirm"')
})

test('user codes are drawn from 20 letters, each as often as the others (DV-01, RFC 8628 §6.1)', async () => {
  const codes = await Promise.all(Array.from({ length: 200 }, () => startDevice(server, app)))
  const drawn = codes.map(({ user_code }) => user_code.replace('-', '')).join('')
  expect(new Set(codes.map(({ user_code }) => user_code)).size).toBe(200)
  const counts = Array.from(letters, (letter) => drawn.split(letter).length - 1)
  // 1,600 letters, 80 of each expected; below 40 or above 130 comes by chance less than once in a million runs.
  expect(Math.min(...counts)).toBeGreaterThan(40)
  expect(Math.max(...counts)).toBeLessThan(130)
})

test('a code that was drawn twice is given to nobody: 503, and asked again there is another (FT-32)', async () => {
  const failing = await failOnInsert(server, {
    ...{ table: 'tokens', condition: 'NEW.user_code IS NOT NULL', sqlstate: '23505' },
  })
  const refused = await askForCode(server, app)
  await failing.stop()
  expect([refused.status, refused.headers['retry-after']]).toEqual([503, '2'])
  expect(refused.json()['error']).toBe('temporarily_unavailable')
  expect((await askForCode(server, app)).status).toBe(200)
})

test('how many codes one address may ask for in a minute is limited, with Retry-After (HT-05, RFC 8628 §5.1)', async () => {
  const small = await startTestServer({ env: { CARDEA_RATE_LIMIT: '5' } })
  try {
    const client = await addDeviceApp(small)
    const answers = []
    for (let nth = 0; nth < 6; nth += 1) answers.push(await askForCode(small, client))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429])
    expect(Number(answers.at(-1)?.headers['retry-after'])).toBeGreaterThan(0)
    expect((await small.ask('/device')).status).toBe(429)
  } finally {
    await small.stop()
  }
})
