import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planCores } from '../bench/cores.ts';
import { toMarkdown } from '../bench/report.ts';
import { runBench } from '../bench/run-bench.ts';
import { SCENARIOS } from '../bench/scenarios.ts';
import { SQLITE } from '../bench/stores.ts';
import { BARE, ECHO, fullGatehouse, gatehouse } from '../bench/targets.ts';

describe('the benchmark', () => {
  it('gets right answers in every scenario from every target', async () => {
    const targets = [ECHO, BARE, gatehouse(SQLITE, 1), fullGatehouse(SQLITE, 20)];
    const report = await runBench({
      targets,
      sizes: {
        rounds: 1,
        seconds: 0.05,
        warmUp: 0.05,
        connections: 2,
        people: 2,
        accessTokens: 2,
        liveTokens: 20,
        stormRounds: 1,
        stormSeconds: 0.5,
        stormRate: 20,
      },
      cores: planCores(),
      progress: () => undefined,
    });
    assert.equal(report.rows.length, 3 * SCENARIOS.length + 2);
    for (const { scenario, target, rounds, voided, perSecond, cpuMicroseconds } of report.rows) {
      assert.deepEqual([rounds, voided], [1, []], `${scenario}, ${target}`);
      // Rounds this short may be over within one tick of the clock that counts CPU time.
      assert.ok(perSecond > 0 && cpuMicroseconds >= 0, `${scenario}, ${target}`);
    }
    assert.equal(report.storm.length, 1);
    assert.match(toMarkdown(report), /\*\*userinfo\*\*[\s\S]*Gatehouse, SQLite \|/);
  });
});
