import type { RestServices } from '../rest/services.ts';
import type { Surface } from '../rest/surface.ts';
import { wording } from './wording.ts';

export function createSessionApi(_services: RestServices): Surface {
  return { name: 'session-api', title: 'Session API', description: '', prefix: '/api', routes: [], wording };
}
