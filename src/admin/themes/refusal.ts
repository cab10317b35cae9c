import type { deleteTheme, saveTheme, saveThemeLogo } from '../../clients/index.ts'
import { AdminProblem } from '../frame/problem.ts'
import { invalidContent } from '../frame/validate.ts'

type Refused = Extract<
  Awaited<ReturnType<typeof saveTheme | typeof saveThemeLogo | typeof deleteTheme>>,
  { ok: false }
>
type Faults = Extract<Refused, { reason: 'contrast' }>['faults']

const aboutLogo: Record<string, string> = {
  too_large: 'is too large',
  not_an_image: 'is no PNG, JPEG, WebP or GIF',
  svg: 'is SVG, which can run',
  too_many_pixels: 'has more than 1024 pixels a side',
  animated: 'moves',
}

export function refusalOf(refused: Refused): AdminProblem {
  if (refused.reason === 'not_found' || refused.reason === 'built_in') return new AdminProblem(refused.reason)
  if (refused.reason === 'contrast') return invalidContent(refused.faults.slice(0, 50).map(faultOf))
  return invalidContent([{ pointer: '/data', detail: aboutLogo[refused.reason] ?? 'cannot be a logo' }])
}

function faultOf({ scheme, colour, on, colours, is, ratio, where, clientId }: Faults[number]) {
  const whose = clientId === '' ? '' : `, in the theme of ${clientId}`
  return {
    pointer: `/colours/${scheme}`,
    detail: `${colour} ${colours[0]} on ${on} ${colours[1]} has a contrast of ${is}, and needs ${ratio} (${where}${whose})`,
  }
}
