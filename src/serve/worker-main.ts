import process from 'node:process'
import { setFlagsFromString } from 'node:v8'

// One of several processes on the public port, started by the supervisor (crew.ts). Before anything is loaded, as in main.ts.
setFlagsFromString('--semi-space-growth-factor=1')
const { runWorker } = await import('./worker.ts')
process.exitCode = await runWorker(process.env)
// The pipe to the supervisor alone must not keep us.
if (process.connected) process.disconnect()
