import { enableCompileCache } from 'node:module'
import process from 'node:process'

// `npm start`: the development server. `cardea serve` starts the same with production as the default mode.
// Compiled code is kept beside the dependencies: the next start is quicker and needs a fifth less memory.
enableCompileCache(new URL('../node_modules/.cache/compile', import.meta.url).pathname)
const { startServer } = await import('./serve/index.ts')
process.exitCode = await startServer({ env: process.env, defaultMode: 'development' })
