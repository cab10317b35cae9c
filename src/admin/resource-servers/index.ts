import type { Route } from '../frame/route.ts'
import { list, read } from './read.ts'
import { create, patch, remove } from './write.ts'

export const resourceServerRoutes: readonly Route[] = [create, list, read, patch, remove]
