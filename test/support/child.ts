import { spawn } from 'node:child_process'

export type Finished = { code: number | null; stdout: string; stderr: string }

/**
 * Runs a script of test/child in a plain Node process: there the runtime is the one that ships, not the one jest builds
 * around each test file. It shares the run's test databases.
 */
export async function runChild(script: URL, env: Record<string, string> = {}): Promise<Finished> {
  const child = spawn(process.execPath, [script.pathname], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const finished: Finished = { code: null, stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (finished.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (finished.stderr += chunk.toString()))
  finished.code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return finished
}
