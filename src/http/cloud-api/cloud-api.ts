import type { RestServices } from '../rest/services.ts';
import type { Surface } from '../rest/surface.ts';
import { wording } from './wording.ts';

export function createCloudApi(_services: RestServices): Surface {
  return { name: 'cloud-api', title: 'Cloud API', description: '', prefix: '', routes: [], wording };
}
