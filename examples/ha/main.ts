// `node examples/ha/main.ts up` and `… drill`: an installation without a single part that may not fail. See README.md.
import { once } from 'node:events'
import { inspect, parseArgs } from 'node:util'
import { cardea } from './cardea.ts'
import { startCluster } from './cluster.ts'
import { drill } from './drill/drill.ts'
import { rounds } from './drill/rounds.ts'
import type { RoundName } from './drill/rounds.ts'
import { findPrograms } from './packages.ts'
import { choosePorts } from './places.ts'

const EXIT = { ok: 0, broken: 1, failed: 2, usage: 64, unavailable: 69 }
const usage = `Usage:
  node examples/ha/main.ts up [--port 7100]                 until Ctrl-C; takes 15 ports from there on
  node examples/ha/main.ts drill [--rounds ${Object.keys(rounds).join(',')}] [--clients 6]
`

const say = (line: string) => void process.stdout.write(`${line}\n`)
// A second Ctrl-C, or one before everything runs.
const leave = () => process.exit(130)
process.once('SIGINT', leave).once('SIGTERM', leave)

const read = readArguments()
if (!read) {
  process.stderr.write(usage)
  process.exit(EXIT.usage)
}
const found = findPrograms()
if (!found.ok) {
  process.stderr.write(`Not installed: ${found.missing.join(', ')}. On Debian:\n\n    ${found.remedy}\n`)
  process.exit(EXIT.unavailable)
}

try {
  if (read.verb === 'up') await up(found.programs, read.port)
  else {
    const kept = await drill({ programs: found.programs, rounds: read.rounds, clients: read.clients, say })
    process.exitCode = kept ? EXIT.ok : EXIT.broken
  }
} catch (error) {
  process.stderr.write(`${inspect(error)}\n`)
  process.exitCode = EXIT.failed
}
process.off('SIGINT', leave).off('SIGTERM', leave)

async function up(programs: Parameters<typeof startCluster>[0]['programs'], port: number): Promise<void> {
  const cluster = await startCluster({ programs, ports: await choosePorts(port), say })
  const email = 'owner@example.com'
  const owner = ['user', 'create', email, '--role', 'owner', '--email-verified', '--generate-password']
  const { password } = await cardea<{ password: string }>(cluster.shared, ...owner)
  say(
    `\n${cluster.issuer}   ${email}   ${password}\nLogs and settings: ${cluster.dir}. Ctrl-C stops everything and removes them.`,
  )
  process.off('SIGINT', leave).off('SIGTERM', leave)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  say('stopping')
  await cluster.stop()
}

type Read = { verb: 'up'; port: number } | { verb: 'drill'; rounds: RoundName[]; clients: number }

function readArguments(): Read | null {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        port: { type: 'string', default: '7100' },
        rounds: { type: 'string', default: Object.keys(rounds).join(',') },
        clients: { type: 'string', default: '6' },
      },
    })
    const [port, clients] = [Number(values.port), Number(values.clients)]
    const chosen = values.rounds.split(',')
    if (positionals.length !== 1 || !Number.isInteger(port) || !(clients >= 1)) return null
    if (positionals[0] === 'up') return { verb: 'up', port }
    if (positionals[0] !== 'drill' || !chosen.every(isRound)) return null
    return { verb: 'drill', rounds: chosen, clients }
  } catch {
    return null
  }
}

function isRound(name: string): name is RoundName {
  return name in rounds
}
