import type { Route } from '../../src/admin/frame/route.ts'
import type { AdminStage } from './admin.ts'

/**
 * What makes an operation give each answer it documents, besides those that every route gives alike (400, 401, 403 for a missing
 * scope, 413, 415, 422 for an unknown field, 428, 429, 503, and 409 for a key in use). Called with a token that may do everything.
 */
export type Scenario = (stage: AdminStage, token: string) => Promise<void>

/** The path as OpenAPI writes it. */
export function openApiPath({ path }: Pick<Route, 'path'>): string {
  return `/v1${path.replaceAll(/:(\w+)/g, '{$1}')}`
}
