/* floor_main.c - an empty program.
 *
 * Each component is linked whole into one of these, together with the components
 * below it and nothing else. If it calls upwards or sideways, the link fails.
 */
int main(void);

int main(void)
{
    return 0;
}
