// Before everything else: prints the name of each package of OpenTelemetry as it is loaded.
import { registerHooks } from 'node:module'

registerHooks({
  load(url, context, nextLoad) {
    const name = /node_modules\/(@opentelemetry\/[\w-]+)\//.exec(url)?.[1]
    if (name !== undefined) process.stderr.write(`loaded ${name}\n`)
    return nextLoad(url, context)
  },
})
