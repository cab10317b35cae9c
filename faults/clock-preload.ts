// Loaded into a server process before anything else (`--import`): its wall clock can then be stepped from outside, by a message
// with the milliseconds it is to be off. Monotonic clocks and timers go on as they were, as when an operator sets the time.
const system = Date
let offsetMs = 0

globalThis.Date = new Proxy(system, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [system.now() + offsetMs] : args, newTarget) as object,
  apply: () => new system(system.now() + offsetMs).toString(),
  get: (target, name) =>
    name === 'now' ? () => system.now() + offsetMs : (Reflect.get(target, name) as unknown),
})

process.on('message', (message: { offsetMs?: number }) => {
  offsetMs = message.offsetMs ?? offsetMs
})
// Listening must not keep the process alive.
process.channel?.unref()
