import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { findPrograms } from '../../../examples/ha/packages.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const found = findPrograms()
const where = found.ok ? test : test.skip

where(
  `the standby takes over with everything that was acknowledged (FT-06)${found.ok ? '' : `: ${found.remedy}`}`,
  async () => {
    const args = ['examples/ha/main.ts', 'drill', '--rounds', 'primary', '--clients', '3']
    const drill = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const printed: string[] = []
    for (const stream of [drill.stdout, drill.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => printed.push(text))
    const code = await new Promise<number | null>((resolve) => drill.once('close', resolve))
    expect({ code, printed: printed.join('') }).toMatchObject({
      code: 0,
      printed: expect.stringMatching(
        /\| primary +\|[^]*HELD: .* [1-9]\d* acknowledged revocations, 0 violations/,
      ),
    })
  },
  400_000,
)
