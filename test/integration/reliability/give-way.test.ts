import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'

const run = promisify(execFile)
const room = new URL('../../../src/serve/give-way.ts', import.meta.url)

/** What a process that gives way looks like from inside: its threads, and how much nicer each is than the process. */
const program = (tasks: string) => `
  import { readdirSync, readFileSync } from 'node:fs'
  import { getPriority } from 'node:os'
  import { giveWay } from '${room.href}'
  await giveWay(${tasks})
  const threads = process.platform === 'linux' ? readdirSync('/proc/self/task').map((thread) => {
    const [, name, rest] = /\\((.*)\\) (.*)/.exec(readFileSync('/proc/self/task/' + thread + '/stat', 'utf8'))
    return [name, Number(rest.split(' ')[16]) - getPriority()]
  }) : []
  console.log(JSON.stringify(threads))`

async function look(tasks = ''): Promise<[string, number][]> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program(tasks)])
  return JSON.parse(stdout) as [string, number][]
}

describe('beside the event loop', () => {
  test('the threads that hash come after the one that everything waits for, where they can be told apart (FT-26)', async () => {
    const threads = await look()
    const niceness = (wanted: boolean) =>
      threads.filter(([name]) => (name === 'libuv-worker') === wanted).map(([, nice]) => nice)
    expect(niceness(true).filter((nice) => nice !== 5)).toEqual([])
    expect(niceness(false).filter((nice) => nice !== 0)).toEqual([])
    if (process.platform === 'linux' && Number(process.versions.node.split('.')[0]) >= 24)
      expect(niceness(true).length).toBeGreaterThanOrEqual(4)
  })

  test('a system that has no such list of threads is no reason not to start', async () => {
    const empty = await mkdtemp(path.join(tmpdir(), 'cardea-tasks-'))
    try {
      const threads = await look(JSON.stringify(path.join(empty, 'none')))
      expect(threads.filter(([, nice]) => nice !== 0)).toEqual([])
    } finally {
      await rm(empty, { recursive: true })
    }
  })
})

/** Said by a process as it ends: how much room its young objects had. */
const tell = `data:text/javascript,
  import { getHeapSpaceStatistics } from 'node:v8'
  process.on('exit', () => {
    const { space_size: size } = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')
    process.stderr.write('young: ' + size + ';')
  })`

describe('young objects', () => {
  test.each([[['src/main.ts']], [['bin/cardea.js', 'serve']], [['src/serve/worker-main.ts']]])(
    'have little room from the start, so that none of their collections holds everybody up: %s (FT-26)',
    (command) => {
      const { stderr } = spawnSync(process.execPath, ['--import', encodeURI(tell), ...command], {
        cwd: fileURLToPath(new URL('../../..', import.meta.url)),
        // Enough to load everything, and to be refused then.
        env: { CARDEA_MODE: 'production' },
        encoding: 'utf8',
      })
      const size = Number(/young: (\d+);/.exec(stderr)?.[1])
      expect(size).toBeGreaterThan(0)
      expect(size).toBeLessThan(30 * 1024 * 1024)
    },
  )
})
