import type { RestServices } from '../rest/services.ts';
import type { Surface } from '../rest/surface.ts';
import { wording } from './private-token-wording.ts';

export function createPrivateTokenApi(_services: RestServices): Surface {
  return { name: 'private-tokens', title: 'Private tokens', description: '', prefix: '', routes: [], wording, showsRates: true };
}
