import type { Route } from '../frame/route.ts'
import { resume, rotateSecret, test } from './act.ts'
import { deliveries, list, read } from './read.ts'
import { create, patch, remove } from './write.ts'

export const webhookRoutes: readonly Route[] = [
  create,
  list,
  read,
  patch,
  remove,
  rotateSecret,
  resume,
  test,
  deliveries,
]
