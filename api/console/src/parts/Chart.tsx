import { BarChart, LineChart } from 'echarts/charts';
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use as register } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import type { ReactElement } from 'react';
import { useEffect, useRef } from 'react';

// A canvas, because what draws in SVG writes style attributes, which our policy refuses.
register([
  BarChart,
  LineChart,
  GridComponent,
  LegendComponent,
  TooltipComponent,
  MarkLineComponent,
  AriaComponent,
  CanvasRenderer,
]);

type Props = { option: EChartsCoreOption; label: string; height?: number };

/** A chart; always load it lazily, and always beside its sentence and its table (see Figure). */
export default function Chart({ option, label, height = 260 }: Props): ReactElement {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (box.current === null) return undefined;
    const chart = init(box.current);
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    chart.setOption({ animation: !still, tooltip: { trigger: 'axis', renderMode: 'richText' }, ...option });
    const watching = new ResizeObserver(() => chart.resize());
    watching.observe(box.current);
    return () => {
      watching.disconnect();
      chart.dispose();
    };
  }, [option]);
  return <div ref={box} role="img" aria-label={label} style={{ height }} />;
}
