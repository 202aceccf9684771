# SPDX-License-Identifier: ISC
#
# plot.gp - three plots over the number of subscribers, side by side.
# gnuplot -e "dir='...'; out='...'" with the columns of table.awk in dir.

set terminal svg size 1140,360 font "sans-serif,12" background rgb "white"
set output out
set datafile missing "?"
set logscale x
set xtics (1, 5, 20, 50, 200, 500, "1k" 1000)
set xrange [0.8:1250]
set xlabel "subscribers of one stream"
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror
set key top left reverse Left samplen 2

set style line 1 lc rgb "#0060ad" lw 2 pt 7 ps 0.6
set style line 2 lc rgb "#dd7711" lw 2 pt 5 ps 0.6
set style line 3 lc rgb "#999999" lw 1.5 pt 9 ps 0.6
set style line 4 lc rgb "#444444" lw 1.5 dt 2 pt 11 ps 0.6
set style line 5 lc rgb "#228833" lw 1.5 dt 2 pt 13 ps 0.6

array name[5] = ["rtmpd", "nginx-rtmp", "floor", "floor, merging", \
    "floor, forked"]

set multiplot layout 1,3
set logscale y
set key top right
set title "processor time, us per message"
plot for [i=1:5] dir."/cpu_us" using 1:i+1 with linespoints ls i title name[i]
set key top left
set title "latency p99, ms"
plot for [i=1:5] dir."/latency_p99_ms" using 1:i+1 with linespoints ls i \
    title name[i]
unset logscale y
set yrange [0:*]
set key at graph 0.98,0.7 right
set title "memory per subscriber, KiB"
plot for [i=1:5] dir."/memory_kib" using 1:i+1 with linespoints ls i \
    title name[i]
unset multiplot
