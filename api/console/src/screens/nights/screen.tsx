import type { ReactElement } from 'react';
import { useMay } from '../../app/session';
import { ListState } from '../../parts/ListState';
import { useWords } from '../../words/catalogue';
import { AsideList } from './aside';
import { useNights } from './asked';
import { Bars } from './bars';
import { Feeds } from './feeds';
import { NightTable } from './list';
import './nights.css';
import { words } from './words';

/** Whether last night went well, what came of it, what the agencies sent, and what waits for a person. */
export default function Nights(): ReactElement {
  const t = useWords(words);
  const may = useMay();
  const query = useNights();
  const nights = query.data ?? [];
  return (
    <>
      <h1>{t.title}</h1>
      <Bars nights={nights} />
      <h2>{t.nights}</h2>
      <ListState query={query} what={t.nights} count={nights.length} nothing={<p>{t.noNights}</p>}>
        <NightTable nights={nights} />
      </ListState>
      {may('run.start') ? <AsideList /> : null}
      <Feeds />
    </>
  );
}
