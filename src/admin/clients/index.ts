import type { Route } from '../frame/route.ts'
import { logo } from './logo.ts'
import { logoutNotices, retryLogoutNotices } from './logout-notices.ts'
import { list, read } from './read.ts'
import { rotateSecret } from './secret.ts'
import { disable, enable, remove } from './status.ts'
import { create, patch } from './write.ts'

export const clientRoutes: readonly Route[] = [
  create,
  list,
  read,
  patch,
  remove,
  rotateSecret,
  disable,
  enable,
  logo,
  logoutNotices,
  retryLogoutNotices,
]
