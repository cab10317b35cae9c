import type { Route } from '../frame/route.ts'
import { browsers, forgetBrowser } from './browsers.ts'
import { consents } from './consents.ts'
import { timeline } from './timeline.ts'
import { factors, resetFactor } from './factors.ts'
import { list, read } from './read.ts'
import { disable, enable, remove, unlock } from './status.ts'
import { invite, resetPassword } from './tickets.ts'
import { create, patch } from './write.ts'

export const userRoutes: readonly Route[] = [
  ...[create, list, read, patch, remove, disable, enable, unlock],
  ...[invite, resetPassword, factors, resetFactor],
  ...[browsers, forgetBrowser, consents, timeline],
]
