import { enableCompileCache } from 'node:module'
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'

// `npm start`: the development server. `cardea serve` starts the same with production as the default mode.
// Young objects keep to little room: V8 would give them 67 MB while it loads us, and each of its collections would hold everybody up (docs/decisions/0020).
setFlagsFromString('--semi-space-growth-factor=1')
// Compiled code is kept beside the dependencies: the next start is quicker and needs a fifth less memory.
enableCompileCache(new URL('../node_modules/.cache/compile', import.meta.url).pathname)
const { startServer } = await import('./serve/index.ts')
process.exitCode = await startServer({ env: process.env, defaultMode: 'development' })
