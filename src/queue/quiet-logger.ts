import { Logger } from 'graphile-worker'

/** The library's own log lines are for its developers; what operators need comes by `onFailure` and the statistics. */
export const silent = new Logger(() => () => undefined)
