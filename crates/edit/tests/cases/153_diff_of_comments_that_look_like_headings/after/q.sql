++ z
select 1;
