import type { Route } from '../frame/route.ts'
import { routesOf } from './routes-of.ts'

/** Everybody's theme and each client's: the same routes twice. */
export const themeRoutes: readonly Route[] = [
  ...routesOf({ path: '/theme', suffix: 'Theme', whose: 'every page' }),
  ...routesOf({ path: '/clients/:id/theme', suffix: 'ClientTheme', whose: "a client's pages" }),
]
