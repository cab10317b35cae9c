import type { Route } from '../frame/route.ts'
import { head, list, stream } from './events.ts'

export const auditRoutes: readonly Route[] = [list, stream, head]
