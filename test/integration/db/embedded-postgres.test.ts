// The PostgreSQL that `npm start` brings along: its first and later starts, and what a crash or a stranger does to it.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect as connectSocket } from 'node:net'
import { networkInterfaces } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import {
  joinEmbeddedPostgres,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from '../../../src/db/index.ts'
import { enterableFolder } from './folder.ts'

const asRoot = process.getuid?.() === 0
const testAsRoot = asRoot ? test : test.skip
const testOnLinux = process.platform === 'linux' ? test : test.skip

/** A folder after a first start, to be copied: making one takes most of a second. */
let made: string
let above: string
let dir: string
const running: EmbeddedPostgres[] = []
const children: ChildProcess[] = []

beforeAll(async () => {
  made = await enterableFolder()
  const server = await startEmbeddedPostgres({ dir: path.join(made, 'postgres'), fsync: false })
  await server.stop()
})
afterAll(() => rm(made, { recursive: true }))
beforeEach(async () => {
  above = await enterableFolder()
  dir = path.join(above, 'postgres')
})
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  // What a killed owner left running in the folder is adopted in order to be stopped.
  if (running.length === 0 && existsSync(path.join(dir, 'data', 'postmaster.pid'))) await start()
  for (const server of running.splice(0)) await server.stop()
  await rm(above, { recursive: true, force: true })
})

/** What a first start leaves, owners and modes included. */
function startedBefore(): void {
  execFileSync('cp', ['-a', path.join(made, 'postgres'), dir])
}

async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dir, fsync: false, ...options })
  running.push(server)
  return server
}

/** Starts the server from a process of its own, as `uid` if given, and waits until that process says so. */
async function startElsewhere(then: 'stay' | 'exit', uid?: number): Promise<ChildProcess> {
  const door = fileURLToPath(new URL('../../../src/db/embedded/start.ts', import.meta.url))
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(door)})
    await startEmbeddedPostgres({ dir: ${JSON.stringify(dir)}, fsync: false })
    process.stdout.write('started')
    ${then === 'exit' ? 'process.exit(0)' : 'setInterval(() => {}, 1000)'}`
  const ids = uid === undefined ? {} : { uid, gid: uid }
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    ...ids,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await once(child.stdout, 'data')
  return child
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

const password = (url: string) => new URL(url).password

test('makes its data on the first start and finds it on the next', async () => {
  const first = await start()
  expect(first).toMatchObject({ adopted: false, majorVersion: 18, home: dir })
  await query(first.url, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)')
  await first.stop()
  await first.stop()
  await expect(query(first.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })

  const second = await start()
  expect(second.adopted).toBe(false)
  expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
})

test('lets in nobody without the password, and nobody from another machine', async () => {
  startedBefore()
  const { url, home } = await start()
  expect(password(url)).toMatch(/^[\w-]{32}$/)
  expect(statSync(path.join(home, 'password')).mode & 0o777).toBe(0o600)
  const guess = new URL(url)
  guess.password = 'postgres'
  await expect(query(guess.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
  expect(await query(url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
  expect(await query(url, 'SHOW unix_socket_directories')).toEqual([{ unix_socket_directories: '' }])
  const outside = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  for (const { address, family } of outside.filter(
    ({ internal, family }) => !internal && family === 'IPv4',
  )) {
    expect({ family, reached: await reaches(address, Number(new URL(url).port)) }).toEqual({
      family,
      reached: false,
    })
  }
})

test('keeps our secrets out of the server process', async () => {
  startedBefore()
  process.env.CARDEA_TEST_SECRET = 'do-not-hand-on'
  const { home } = await start()
  delete process.env.CARDEA_TEST_SECRET
  const pid = readFileSync(path.join(home, 'data', 'postmaster.pid'), 'utf8').split('\n')[0] ?? ''
  const environment = `/proc/${pid}/environ`
  if (existsSync(environment)) expect(readFileSync(environment, 'utf8')).not.toContain('do-not-hand-on')
})

describe('with another process', () => {
  test('refuses a folder that a live one uses', async () => {
    startedBefore()
    const owner = await startElsewhere('stay')
    await expect(start()).rejects.toMatchObject({
      name: 'EmbeddedPostgresError',
      code: 'held_by_another',
      message: expect.stringContaining(`process ${owner.pid ?? 0}`),
    })
  })

  test('refuses a folder that this one uses already', async () => {
    startedBefore()
    await start()
    await expect(start()).rejects.toMatchObject({ code: 'held_by_another' })
  })

  test('adopts the server of a killed one, with what was committed (FT-12)', async () => {
    startedBefore()
    const owner = await startElsewhere('stay')
    owner.kill('SIGKILL')
    await once(owner, 'exit')
    const server = await start()
    expect(server.adopted).toBe(true)
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('stops the server of one that exits without stopping it', async () => {
    startedBefore()
    const owner = await startElsewhere('exit')
    await once(owner, 'exit')
    while (existsSync(path.join(dir, 'data', 'postmaster.pid')))
      await new Promise((resolve) => setTimeout(resolve, 20))
    expect(existsSync(path.join(dir, 'owner'))).toBe(false)
  })

  test('lets a command join the server of a live one, which goes on after it', async () => {
    startedBefore()
    await startElsewhere('stay')
    const joined = await joinEmbeddedPostgres({ dir })
    expect(await query(joined.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await joined.leave()
    expect(await query(joined.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('starts a server for a command that finds none, and stops it after the command', async () => {
    const joined = await joinEmbeddedPostgres({ dir })
    expect(await query(joined.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await joined.leave()
    await expect(query(joined.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  testOnLinux('is not deceived by a process number used again, as in a restarted container', async () => {
    startedBefore()
    // Our own number, but another start time: the owner is gone.
    writeFileSync(path.join(dir, 'owner'), `${process.pid}\n1\nsomebody\n`)
    // And the number of the server is now ours.
    writeFileSync(path.join(dir, 'data', 'postmaster.pid'), `${process.pid}\n\n\n1\n\n127.0.0.1\n\nready\n`)
    expect(await start()).toMatchObject({ adopted: false })
  })
})

test('recovers what was committed when the server itself was killed (FT-12)', async () => {
  startedBefore()
  const first = await start({ fsync: true })
  await query(first.url, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)')
  process.kill(
    Number(readFileSync(path.join(dir, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]),
    'SIGKILL',
  )
  await first.stop()
  const second = await start()
  expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
})

test('starts over after a first start that was broken off', async () => {
  mkdirSync(path.join(dir, 'new-0badcafe', 'base'), { recursive: true })
  writeFileSync(path.join(dir, 'new-0badcafe', 'PG_VERSION'), '18\n')
  const { url } = await start()
  expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  expect(existsSync(path.join(dir, 'new-0badcafe'))).toBe(false)
})

test('says which version wrote the data when it cannot read it', async () => {
  startedBefore()
  writeFileSync(path.join(dir, 'data', 'PG_VERSION'), '11\n')
  await expect(start()).rejects.toMatchObject({
    code: 'other_major_version',
    message: expect.stringMatching(/written by PostgreSQL 11, while the one here is \d+/),
  })
  writeFileSync(path.join(dir, 'data', 'PG_VERSION'), '18\n')
  await start()
})

test('says so when the password file is gone', async () => {
  startedBefore()
  rmSync(path.join(dir, 'password'))
  await expect(start()).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringContaining('no password file'),
  })
})

test('says so when it may not write where it should', async () => {
  writeFileSync(dir, 'a file where a folder should be')
  await expect(start()).rejects.toMatchObject({ code: 'unwritable', message: expect.stringContaining(dir) })
})

testAsRoot('as root, keeps its data elsewhere when its user cannot enter the folder', async () => {
  chmodSync(above, 0o700)
  const first = await start()
  try {
    expect(first.home).toMatch(/^\/var\/lib\/cardea\/[0-9a-f]{12}$/)
    expect(readFileSync(path.join(dir, 'moved-to'), 'utf8').trim()).toBe(first.home)
    await query(first.url, 'CREATE TABLE kept ()')
    await first.stop()
    chmodSync(above, 0o755)
    const second = await start()
    expect(second.home).toBe(first.home)
    expect(await query(second.url, 'SELECT * FROM kept')).toEqual([])
    await second.stop()
  } finally {
    await rm(first.home, { recursive: true })
  }
})

testAsRoot('runs as an ordinary user just as well, and root takes over what that user made', async () => {
  const NOBODY = 65534
  mkdirSync(dir)
  chownSync(dir, NOBODY, NOBODY)
  const owner = await startElsewhere('stay', NOBODY)
  owner.kill('SIGKILL')
  await once(owner, 'exit')
  expect(await start()).toMatchObject({ adopted: true })
})

function reaches(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket({ host, port, timeout: 500 })
    const settle = (reached: boolean) => {
      socket.destroy()
      resolve(reached)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
    socket.once('timeout', () => settle(false))
  })
}
